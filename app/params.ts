import type { Context } from "hono";
import type { ThemeName } from "../views/charts/theme.ts";

/** The form of a row's id. */
export const ID = /^[1-9]\d{0,14}$/;

/** A row's id as it stands in an address or a command. */
export function parseId(text: string): number | undefined {
  return ID.test(text) ? Number(text) : undefined;
}

/** Which of its two looks a picture is to have. */
export function themeOf(c: Context): ThemeName {
  return c.req.query("theme") === "dark" ? "dark" : "light";
}
