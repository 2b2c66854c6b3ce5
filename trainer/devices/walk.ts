import type { Backend } from "../ggml/backend.ts";
import { DryBackend } from "../ggml/dry-backend.ts";
import { LIMITS } from "../ggml/limits/limits.ts";
import type { Variant } from "../ggml/locate.ts";
import { type GraphNode, nodesOf, readNode } from "../ggml/node.ts";

/** A kind of node that some graph had, and whether the device at hand computes it. */
export interface WalkedNode {
  node: GraphNode;
  supported: boolean;
}

/**
 * A device on which graphs are built as they would be for a backend's limits, and looked at node by
 * node instead of being computed. The libraries are those of the device at hand: of another backend's
 * only the limits are needed.
 */
export class WalkBackend extends DryBackend {
  /** All kinds of nodes seen so far, each once. */
  readonly nodes = new Map<string, WalkedNode>();

  constructor(real: Backend, variant: Variant) {
    super(real, LIMITS[variant]);
  }

  override checkNodes(graph: bigint): void {
    const { c } = this.library;
    for (const ptr of nodesOf(this.library, graph)) {
      const node = readNode(this.library, ptr);
      const key = JSON.stringify(node);
      if (this.nodes.has(key)) continue;
      this.nodes.set(key, { node, supported: c.ggml_backend_supports_op(this.handle, ptr) });
    }
  }
}
