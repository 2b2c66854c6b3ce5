import { type Arena, Backend, type TensorSpec } from "./backend.ts";
import { elements, type Tensor } from "./tensor.ts";

/** Where tensors pretend to lie: nothing is ever read or written there. */
const NOWHERE = 2 ** 40;
/** How much may pretend to be there. */
const ROOM = 2 ** 46;
const ALIGNMENT = 256;

/**
 * A device on which memory is planned and nothing is allocated, uploaded or computed: what is run on
 * it says how many bytes it would take on the real one. Downloads are zeros.
 */
export class DryBackend extends Backend {
  override readonly isDry = true;

  constructor(real: Backend, limits = real.limits) {
    super(real.library, real.handle, real.name, real.description, limits);
  }

  override allocate(specs: TensorSpec[]): Arena {
    const { c } = this.library;
    const { ctx, tensors } = this.define(specs);
    const bufferType = c.ggml_backend_get_default_buffer_type(this.handle);
    const bytes = Number(c.ggml_backend_alloc_ctx_tensors_from_buft_size(ctx, bufferType));
    // A tensor that lies in a buffer is not planned again with the graphs that use it.
    const buffer: bigint = c.ggml_backend_cpu_buffer_from_ptr(NOWHERE, ROOM);
    let at = NOWHERE;
    for (const { ptr } of tensors.values()) {
      c.ggml_backend_tensor_alloc(buffer, ptr, at);
      at += Math.ceil(Number(c.ggml_nbytes(ptr)) / ALIGNMENT) * ALIGNMENT;
    }
    return this.arena(ctx, tensors, buffer, bytes);
  }

  override upload(): void {}

  override download(t: Tensor): Float32Array {
    return new Float32Array(elements(t));
  }

  override downloadInts(t: Tensor): Int32Array {
    return new Int32Array(elements(t));
  }

  override async compute(): Promise<void> {}
}
