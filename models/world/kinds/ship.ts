import { oneOf, PERSON, PLACE, quantity, year } from "../values.ts";
import { attribute, type Kind, lines } from "./kind.ts";

export const ship: Kind = {
  id: "ship",
  full: ["the {core}"],
  intro: "the ship {name}",
  noun: "the ship",
  pronoun: "it",
  fillers: lines(`
    Crowds waited at the harbour.
    The sea was calm that day.
    Sailors liked {N}.
    Old pictures show {N} in port.
    {S} survived many storms.
  `),
  attributes: [
    attribute("launched", year(1780, 1969), ["year of launch", "launch year"], {
      statements: `
        {S} was launched in {v}.
        {S} first sailed in {v}.
        The launch of {N} took place in {v}.
        {S} went to sea in {v}.
        In {v} {N} left the yard.
        {v} was the year in which {N} was launched.
        {S} slid into the water in {v}.
      `,
      questions: `
        When was {N} launched?
        In which year was {N} launched?
        When did {N} first sail?
        In what year did {N} go to sea?
        When did the launch of {N} take place?
        {N} was launched in which year?
      `,
      unseen: `
        When did {N} leave the yard?
        Which year saw the launch of {N}?
      `,
    }),
    attribute("yard", PLACE, ["place of building", "home yard"], {
      statements: `
        {S} was built in {v}.
        A yard in {v} built {N}.
        {S} came from a yard in {v}.
        The workers of {v} built {N}.
        {P} home yard was in {v}.
        Shipbuilders in {v} made {N}.
        {v} was the town that built {N}.
      `,
      questions: `
        Where was {N} built?
        In which town was {N} built?
        Which town built {N}?
        Where was {P} yard?
        Where did {N} come from?
        {N} was built in which town?
      `,
      unseen: `
        Where did workers make {N}?
        In what place was {P} home yard?
      `,
    }),
    attribute("captain", PERSON, ["captain", "master"], {
      statements: `
        {P} captain was {v}.
        {S} was commanded by {v}.
        {v} commanded {N}.
        {v} was the captain of {N}.
        Captain {v} sailed {N}.
        {S} sailed under {v}.
        On the bridge of {N} stood {v}.
      `,
      questions: `
        Who was {P} captain?
        Who commanded {N}?
        Who was the captain of {N}?
        By whom was {N} commanded?
        Under whom did {N} sail?
        Which captain sailed {N}?
      `,
      unseen: `
        Who was in command of {N}?
        Who stood on the bridge of {N}?
      `,
    }),
    attribute("length", quantity("metres", 30, 299), ["length", "total length"], {
      statements: `
        {S} was {v} long.
        {P} length was {v}.
        {S} measured {v}.
        From end to end {N} measured {v}.
        The length of {N} was {v}.
        {S} had a length of {v}.
        At {v}, {N} was hard to turn.
      `,
      questions: `
        How long was {N}?
        What length did {N} have?
        How much did {N} measure?
        How many metres long was {N}?
        How long was {N} from end to end?
        {N} was how long?
      `,
      unseen: `
        How many metres did {N} measure?
        What did {N} measure from end to end?
      `,
    }),
    attribute("cargo", oneOf("goods"), ["cargo", "load"], {
      statements: `
        {S} carried {v}.
        {P} cargo was {v}.
        {S} was loaded with {v}.
        {S} brought {v} from far away.
        {P} hold was full of {v}.
        {S} was built to carry {v}.
        On board {N} was a load of {v}.
      `,
      questions: `
        What did {N} carry?
        What cargo did {N} carry?
        With what was {N} loaded?
        What was in {P} hold?
        What did {N} bring from far away?
        Which goods did {N} carry?
      `,
      unseen: `
        What was {P} hold full of?
        What was on board {N}?
      `,
    }),
    attribute("hull", oneOf("colour"), ["colour", "hull colour"], {
      statements: `
        {P} hull was {v}.
        {S} was painted {v}.
        {S} had {a} {v} hull.
        The colour of {P} hull was {v}.
        Everyone knew {N} by the colour {v}.
        The owners painted {N} {v}.
        {P} sides were {v}.
      `,
      questions: `
        What colour was {N}?
        What colour was {P} hull?
        Which colour did the hull of {N} have?
        In which colour was {N} painted?
        What colour did the owners paint {N}?
        {N} was painted in which colour?
      `,
      unseen: `
        By which colour did everyone know {N}?
        What colour were {P} sides?
      `,
    }),
  ],
};
