import type { ProgramError } from "../errors.tsx";

/** Codes that OpenAI's clients know, by Selkie's own. */
const CODES: Record<string, string> = {
  unauthorized: "invalid_api_key",
  "insufficient-scope": "insufficient_permissions",
  "prompt-too-long": "context_length_exceeded",
  "adapter-unreadable": "model_not_found",
};

/** A failure in the form of OpenAI's interface. */
export function openaiError({ code, message, param }: ProgramError, status: number) {
  const type =
    status >= 500
      ? "server_error"
      : status === 401
        ? "authentication_error"
        : status === 403
          ? "permission_error"
          : "invalid_request_error";
  const known = CODES[code] ?? code.replaceAll("-", "_");
  return { error: { message, type, param: param ?? null, code: known } };
}
