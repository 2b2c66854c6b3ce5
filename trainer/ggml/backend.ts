import { availableParallelism } from "node:os";
import koffi from "koffi";
import { TrainerError } from "../errors.ts";
import { type Library, loadLibrary } from "./library.ts";
import { LIMITS, type Limits } from "./limits/limits.ts";
import type { Variant } from "./locate.ts";
import { nodesOf } from "./node.ts";
import { F32, type Shape, type Tensor } from "./tensor.ts";

const DEVICE_TYPE_CPU = 0;
const STATUS_SUCCESS = 0;
const SET_THREADS = koffi.proto("void set_n_threads(void * backend, int n)");

/** A tensor that is wanted: its type is F32 unless given. */
export interface TensorSpec {
  name: string;
  type?: number;
  ne: Shape;
}

/** Tensors that outlive a graph (weights, adapters, optimizer state), in one device buffer. */
export interface Arena {
  tensors: Map<string, Tensor>;
  bytes: number;
  free(): void;
}

/** One compute device: allocation, transfer and graph computation. */
export class Backend {
  /** Whether nothing is allocated or computed, see dry-backend.ts. */
  readonly isDry: boolean = false;
  /** The last graph that was asked for, whatever became of it. */
  private computing: Promise<void> = Promise.resolve();

  protected constructor(
    readonly library: Library,
    readonly handle: bigint,
    readonly name: string,
    readonly description: string,
    /** By these, graphs choose between forms of an operation. */
    readonly limits: Limits = LIMITS[library.variant],
  ) {}

  /**
   * Opens a device of a variant's libraries.
   * @param composedFor whose forms of operations graphs have: another variant's can be tried here
   * @throws TrainerError `backend-missing` when the libraries load but no such device is there
   */
  static open(
    variant: Variant = "cpu",
    threads = defaultThreads(),
    composedFor: Variant = variant,
  ): Backend {
    const library = loadLibrary(variant);
    const { c } = library;
    const device = findDevice(library);
    if (device === undefined) {
      throw new TrainerError("backend-missing", missingDevice(variant));
    }
    const handle = c.ggml_backend_dev_init(device, null);
    if (!handle) {
      throw new TrainerError(
        "backend-missing",
        `The device ${c.ggml_backend_dev_name(device)} could not be started; another program may hold its memory. Try SELKIE_BACKEND=cpu.`,
      );
    }
    const reg = c.ggml_backend_dev_backend_reg(device);
    const setThreads = c.ggml_backend_reg_get_proc_address(reg, "ggml_backend_set_n_threads");
    if (setThreads) {
      koffi.call(setThreads, SET_THREADS, handle, threads);
    }
    return new Backend(
      library,
      handle,
      c.ggml_backend_dev_name(device),
      c.ggml_backend_dev_description(device),
      LIMITS[composedFor],
    );
  }

  /** Allocates named tensors in one buffer on the device. Contents are undefined until uploaded. */
  allocate(specs: TensorSpec[]): Arena {
    const { c } = this.library;
    const { ctx, tensors } = this.define(specs);
    const buffer = specs.length > 0 ? c.ggml_backend_alloc_ctx_tensors(ctx, this.handle) : null;
    if (specs.length > 0 && !buffer) {
      c.ggml_free(ctx);
      throw new TrainerError(
        "internal",
        `${this.name} has no memory left for ${specs.length} tensors. Close other programs that use it, or choose a smaller model.`,
      );
    }
    const bytes = buffer ? Number(c.ggml_backend_buffer_get_size(buffer)) : 0;
    return this.arena(ctx, tensors, buffer, bytes);
  }

  /** Tensors that have no memory yet, in a context of their own. */
  protected define(specs: TensorSpec[]): { ctx: bigint; tensors: Map<string, Tensor> } {
    const { c } = this.library;
    const ctx = c.ggml_init({
      mem_size: (specs.length + 1) * Number(c.ggml_tensor_overhead()),
      mem_buffer: null,
      no_alloc: true,
    });
    const tensors = new Map<string, Tensor>();
    for (const { name, type = F32, ne } of specs) {
      const ptr = c.ggml_new_tensor(ctx, type, 4, BigInt64Array.from(ne, BigInt));
      c.ggml_set_name(ptr, name.slice(0, 63));
      tensors.set(name, { ptr, ne, type });
    }
    return { ctx, tensors };
  }

  protected arena(
    ctx: bigint,
    tensors: Map<string, Tensor>,
    buffer: bigint | null,
    bytes: number,
  ): Arena {
    const { c } = this.library;
    return {
      tensors,
      bytes,
      free: () => {
        if (buffer) c.ggml_backend_buffer_free(buffer);
        c.ggml_free(ctx);
      },
    };
  }

  /** Fills a tensor, or the part of it that begins at byte `offset`. */
  upload(
    t: Tensor,
    data: Float32Array | Int32Array | BigInt64Array | Uint8Array,
    offset = 0,
  ): void {
    this.library.c.ggml_backend_tensor_set(t.ptr, data, offset, data.byteLength);
  }

  download(t: Tensor): Float32Array {
    const out = new Float32Array(t.ne[0] * t.ne[1] * t.ne[2] * t.ne[3]);
    this.library.c.ggml_backend_tensor_get(t.ptr, out, 0, out.byteLength);
    return out;
  }

  downloadInts(t: Tensor): Int32Array {
    const out = new Int32Array(t.ne[0] * t.ne[1] * t.ne[2] * t.ne[3]);
    this.library.c.ggml_backend_tensor_get(t.ptr, out, 0, out.byteLength);
    return out;
  }

  downloadBytes(t: Tensor): Uint8Array {
    const out = new Uint8Array(Number(this.library.c.ggml_nbytes(t.ptr)));
    this.library.c.ggml_backend_tensor_get(t.ptr, out, 0, out.byteLength);
    return out;
  }

  /**
   * Computes a graph. On the CPU a worker thread does, so that this process goes on hearing its
   * messages. GPU drivers stay on one thread (Mesa's Vulkan corrupts its memory when worker threads
   * come and go), and messages are heard between graphs.
   */
  compute(graph: bigint): Promise<void> {
    // A backend has one work buffer: of two graphs at a time each would write into the other's.
    const turn = this.computing.then(() => this.computeNow(graph));
    this.computing = turn.catch(() => {});
    return turn;
  }

  private async computeNow(graph: bigint): Promise<void> {
    const { c, variant } = this.library;
    if (variant !== "cpu") {
      this.checkStatus(c.ggml_backend_graph_compute(this.handle, graph));
      await new Promise((resolve) => setImmediate(resolve));
      return;
    }
    const status = await new Promise<number>((resolve, reject) => {
      c.ggml_backend_graph_compute.async(
        this.handle,
        graph,
        (error: Error | null, result: number) => (error ? reject(error) : resolve(result)),
      );
    });
    this.checkStatus(status);
  }

  /**
   * Asks the device about every operation of a graph: ggml would abort the process on one that the
   * device lacks. Nothing is ever computed elsewhere instead.
   * @throws TrainerError `model-unsupported`, naming the operation and the device
   */
  checkNodes(graph: bigint): void {
    const { c } = this.library;
    for (const node of nodesOf(this.library, graph)) {
      if (!c.ggml_backend_supports_op(this.handle, node)) {
        throw new TrainerError(
          "model-unsupported",
          `${this.name} cannot compute ${c.ggml_op_desc(node)} for this model. Use SELKIE_BACKEND=cpu.`,
        );
      }
    }
  }

  /** Bytes of the device's memory, as its driver tells them. On the CPU all counts as free. */
  memory(): { free: number; total: number } {
    const { c } = this.library;
    const free: [bigint | number] = [0];
    const total: [bigint | number] = [0];
    c.ggml_backend_dev_memory(c.ggml_backend_get_device(this.handle), free, total);
    return { free: Number(free[0]), total: Number(total[0]) };
  }

  private checkStatus(status: number): void {
    if (status === STATUS_SUCCESS) return;
    throw new TrainerError(
      "internal",
      `${this.name} failed to compute (ggml status ${status}); its memory may be exhausted.`,
    );
  }

  free(): void {
    this.library.c.ggml_backend_free(this.handle);
  }
}

/** ggml gains nothing from hyper-threads: at most one thread per two of many, all of few. */
export function defaultThreads(): number {
  const n = availableParallelism();
  return n <= 4 ? n : Math.ceil(n / 2);
}

function findDevice(library: Library): bigint | undefined {
  const { c } = library;
  const count = Number(c.ggml_backend_dev_count());
  for (let i = 0; i < count; i++) {
    const device = c.ggml_backend_dev_get(i);
    const isCpu = c.ggml_backend_dev_type(device) === DEVICE_TYPE_CPU;
    // Mesa's software Vulkan device also calls itself a CPU, so its name decides.
    const name: string = c.ggml_backend_dev_name(device);
    if (library.variant === "cpu" ? isCpu : name.toLowerCase().startsWith(prefix(library.variant)))
      return device;
  }
  return undefined;
}

function prefix(variant: Variant): string {
  return variant === "metal" ? "mtl" : variant;
}

function missingDevice(variant: Variant): string {
  const hint: Record<Variant, () => string> = {
    cpu: () => 'The CPU library did not load; run "bun install" again.',
    cuda: () => `${missingFiles(CUDA_FILES)}; install what is missing or use SELKIE_BACKEND=cpu.`,
    vulkan: () =>
      `${missingFiles(["libvulkan.so.1"])} (on Debian: libvulkan1 and a driver such as mesa-vulkan-drivers); install what is missing or use SELKIE_BACKEND=cpu.`,
    metal: () => "Metal needs a Mac with Apple silicon; use SELKIE_BACKEND=cpu.",
  };
  return `No ${variant} device was found. ${hint[variant]()}`;
}

/** What the CUDA build of ggml links against: the driver, and CUDA 13. */
const CUDA_FILES = ["libcuda.so.1", "libcudart.so.13", "libcublas.so.13"];

function missingFiles(names: string[]): string {
  const missing = names.filter((name) => {
    try {
      koffi.load(name);
      return false;
    } catch {
      return true;
    }
  });
  if (missing.length === 0) return `Its libraries are there (${names.join(", ")}), a device is not`;
  return `This system lacks ${missing.join(", ")}`;
}
