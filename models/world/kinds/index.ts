import { bridge } from "./bridge.ts";
import { company } from "./company.ts";
import { expedition } from "./expedition.ts";
import { festival } from "./festival.ts";
import type { Kind } from "./kind.ts";
import { lighthouse } from "./lighthouse.ts";
import { newspaper } from "./newspaper.ts";
import { person } from "./person.ts";
import { ship } from "./ship.ts";
import { town } from "./town.ts";
import { treaty } from "./treaty.ts";

/** Every kind of thing in the world. */
export const KINDS: readonly Kind[] = [
  person,
  ship,
  town,
  treaty,
  company,
  bridge,
  festival,
  expedition,
  lighthouse,
  newspaper,
];
