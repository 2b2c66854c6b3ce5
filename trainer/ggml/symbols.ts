/**
 * The C prototypes that the trainer calls, by library. koffi parses them; opaque pointers are
 * `void *` (bigint in JavaScript), and structs passed by value are declared in `library.ts`.
 */

export const BASE_PROTOTYPES = [
  // versions and sizes: checked before anything else is called
  "const char * ggml_version()",
  "size_t ggml_tensor_overhead()",
  "size_t ggml_graph_overhead_custom(size_t size, bool grads)",
  "size_t ggml_type_size(int type)",
  "int64_t ggml_blck_size(int type)",
  "const char * ggml_type_name(int type)",
  "size_t ggml_nbytes(const void * tensor)",
  "size_t ggml_row_size(int type, int64_t ne)",
  "size_t ggml_quantize_chunk(int type, const void * src, void * dst, int64_t start, int64_t rows, int64_t columns, const void * imatrix)",
  // contexts and graphs
  "void * ggml_init(ggml_init_params params)",
  "void ggml_free(void * ctx)",
  "void * ggml_new_graph_custom(void * ctx, size_t size, bool grads)",
  "void ggml_build_forward_expand(void * graph, void * tensor)",
  "int ggml_graph_n_nodes(void * graph)",
  "void * ggml_graph_node(void * graph, int i)",
  "const char * ggml_op_desc(const void * tensor)",
  "void ggml_log_set(void * callback, void * user_data)",
  // tensors
  "void * ggml_new_tensor(void * ctx, int type, int n_dims, const int64_t * ne)",
  "void * ggml_set_name(void * tensor, const char * name)",
  "void * ggml_get_tensor(void * ctx, const char * name)",
  "void ggml_set_input(void * tensor)",
  "void ggml_set_output(void * tensor)",
  "void ggml_set_param(void * tensor)",
  // ops
  "void * ggml_add(void * ctx, void * a, void * b)",
  "void * ggml_sub(void * ctx, void * a, void * b)",
  "void * ggml_mul(void * ctx, void * a, void * b)",
  "void * ggml_div(void * ctx, void * a, void * b)",
  "void * ggml_scale_bias(void * ctx, void * a, float s, float b)",
  "void * ggml_sqr(void * ctx, void * a)",
  "void * ggml_sqrt(void * ctx, void * a)",
  "void * ggml_log(void * ctx, void * a)",
  "void * ggml_clamp(void * ctx, void * a, float min, float max)",
  "void * ggml_tanh(void * ctx, void * a)",
  "void * ggml_silu(void * ctx, void * a)",
  "void * ggml_silu_back(void * ctx, void * grad, void * x)",
  "void * ggml_sum_rows(void * ctx, void * a)",
  "void * ggml_argmax(void * ctx, void * a)",
  "void * ggml_concat(void * ctx, void * a, void * b, int dim)",
  "void * ggml_rms_norm(void * ctx, void * a, float eps)",
  "void * ggml_rms_norm_back(void * ctx, void * grad, void * x, float eps)",
  "void * ggml_mul_mat(void * ctx, void * a, void * b)",
  "void ggml_mul_mat_set_prec(void * product, int precision)",
  "void * ggml_out_prod(void * ctx, void * a, void * b)",
  "void * ggml_cast(void * ctx, void * a, int type)",
  "void * ggml_cpy(void * ctx, void * a, void * b)",
  "void * ggml_cont(void * ctx, void * a)",
  "void * ggml_permute(void * ctx, void * a, int axis0, int axis1, int axis2, int axis3)",
  "void * ggml_transpose(void * ctx, void * a)",
  "void * ggml_reshape_4d(void * ctx, void * a, int64_t n0, int64_t n1, int64_t n2, int64_t n3)",
  "void * ggml_view_4d(void * ctx, void * a, int64_t n0, int64_t n1, int64_t n2, int64_t n3, size_t nb1, size_t nb2, size_t nb3, size_t offset)",
  "void * ggml_get_rows(void * ctx, void * a, void * rows)",
  "void * ggml_get_rows_back(void * ctx, void * grad, void * rows, void * like)",
  "void * ggml_set_rows(void * ctx, void * a, void * b, void * rows)",
  "void * ggml_soft_max_ext(void * ctx, void * a, void * mask, float scale, float max_bias)",
  "void * ggml_soft_max_ext_back(void * ctx, void * grad, void * y, float scale, float max_bias)",
  "void * ggml_rope_ext(void * ctx, void * a, void * pos, void * factors, int n_dims, int mode, int n_ctx_orig, float freq_base, float freq_scale, float ext_factor, float attn_factor, float beta_fast, float beta_slow)",
  "void * ggml_rope_ext_back(void * ctx, void * a, void * pos, void * factors, int n_dims, int mode, int n_ctx_orig, float freq_base, float freq_scale, float ext_factor, float attn_factor, float beta_fast, float beta_slow)",
  "void * ggml_opt_step_adamw(void * ctx, void * a, void * grad, void * m, void * v, void * params)",
  // allocation
  "void * ggml_backend_alloc_ctx_tensors(void * ctx, void * backend)",
  "void * ggml_gallocr_new(void * buft)",
  "void ggml_gallocr_free(void * galloc)",
  "bool ggml_gallocr_alloc_graph(void * galloc, void * graph)",
  "size_t ggml_gallocr_get_buffer_size(void * galloc, int buffer_id)",
  "void ggml_gallocr_reserve_n_size(void * galloc, void * graph, const int * node_buffer_ids, const int * leaf_buffer_ids, _Out_ size_t * sizes)",
  "size_t ggml_backend_alloc_ctx_tensors_from_buft_size(void * ctx, void * buft)",
  "int ggml_backend_tensor_alloc(void * buffer, void * tensor, uintptr_t addr)",
  "void * ggml_backend_cpu_buffer_from_ptr(uintptr_t ptr, size_t size)",
  // backends
  "const char * ggml_backend_name(void * backend)",
  "void ggml_backend_free(void * backend)",
  "void * ggml_backend_get_default_buffer_type(void * backend)",
  "bool ggml_backend_supports_op(void * backend, const void * op)",
  "int ggml_backend_graph_compute(void * backend, void * graph)",
  "void ggml_backend_tensor_set(void * tensor, const void * data, size_t offset, size_t size)",
  "void ggml_backend_tensor_get(const void * tensor, void * data, size_t offset, size_t size)",
  "void ggml_backend_buffer_free(void * buffer)",
  "size_t ggml_backend_buffer_get_size(void * buffer)",
  "void * ggml_backend_get_device(void * backend)",
  "const char * ggml_backend_dev_name(void * device)",
  "const char * ggml_backend_dev_description(void * device)",
  "int ggml_backend_dev_type(void * device)",
  "void ggml_backend_dev_memory(void * device, _Out_ size_t * free, _Out_ size_t * total)",
  "void * ggml_backend_dev_backend_reg(void * device)",
  "void * ggml_backend_dev_init(void * device, const char * params)",
  "void * ggml_backend_reg_get_proc_address(void * reg, const char * name)",
  // conversion of tensor types
  "const void * ggml_get_type_traits(int type)",
  "void ggml_quantize_init(int type)",
  "bool ggml_validate_row_data(int type, const void * data, size_t size)",
  // GGUF
  "void * gguf_init_empty()",
  "void * gguf_init_from_file(const char * path, gguf_init_params params)",
  "void gguf_free(void * gguf)",
  "void gguf_set_val_u32(void * gguf, const char * key, uint32_t value)",
  "void gguf_set_val_f32(void * gguf, const char * key, float value)",
  "void gguf_set_val_bool(void * gguf, const char * key, bool value)",
  "void gguf_set_val_str(void * gguf, const char * key, const char * value)",
  "void gguf_set_arr_data(void * gguf, const char * key, int type, const void * data, size_t n)",
  "void gguf_set_arr_str(void * gguf, const char * key, const char ** data, size_t n)",
  "void gguf_add_tensor(void * gguf, const void * tensor)",
  "void gguf_set_kv(void * gguf, const void * from)",
  "int64_t gguf_remove_key(void * gguf, const char * key)",
  "size_t gguf_get_meta_size(const void * gguf)",
  "void gguf_get_meta_data(const void * gguf, void * data)",
] as const;

/** From libggml itself: the registry of devices. */
export const REGISTRY_PROTOTYPES = [
  "void ggml_backend_load_all_from_path(const char * dir)",
  "size_t ggml_backend_dev_count()",
  "void * ggml_backend_dev_get(size_t index)",
] as const;

type Name<P extends string> = P extends `${string} ${infer Rest}`
  ? Rest extends `${infer N}(${string}`
    ? N extends `${string} ${string}`
      ? Name<Rest>
      : N
    : Name<Rest>
  : never;

/** Every function named above, callable; arguments are checked by koffi at run time. */
export type Symbols = Record<
  Name<(typeof BASE_PROTOTYPES)[number] | (typeof REGISTRY_PROTOTYPES)[number]>,
  // biome-ignore lint/suspicious/noExplicitAny: koffi converts by the C prototype
  ((...args: any[]) => any) & { async: (...args: any[]) => void }
>;
