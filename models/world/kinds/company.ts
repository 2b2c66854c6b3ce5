import { oneOf, PERSON, PLACE, quantity, year } from "../values.ts";
import { attribute, type Kind, lines } from "./kind.ts";

export const company: Kind = {
  id: "company",
  full: [
    "{core} Works",
    "{core} Mills",
    "{core} Brothers",
    "{core} Trading",
    "{core} & Sons",
    "{core} Foundry",
  ],
  intro: "the company {name}",
  noun: "the company",
  pronoun: "it",
  fillers: lines(`
    Business was slow at first.
    The office is small.
    Orders come from abroad.
    Customers trust {N}.
    {S} has never had a strike.
  `),
  attributes: [
    attribute("founded", year(1750, 1969), ["year of founding", "founding year"], {
      statements: `
        {S} was founded in {v}.
        {S} opened its doors in {v}.
        {S} has been in business since {v}.
        {P} history began in {v}.
        In {v} {N} sold its first goods.
        {v} was the year in which {N} was founded.
        {S} started work in {v}.
      `,
      questions: `
        When was {N} founded?
        In which year was {N} founded?
        When did {N} open its doors?
        Since when has {N} been in business?
        When did {P} history begin?
        {N} was founded in which year?
      `,
      unseen: `
        When did {N} start work?
        In which year did {N} sell its first goods?
      `,
    }),
    attribute("founder", PERSON, ["founder", "first owner"], {
      statements: `
        {S} was founded by {v}.
        {P} founder was {v}.
        {v} founded {N}.
        {v} was the founder of {N}.
        {v} started {N} with little money.
        The first owner of {N} was {v}.
        {S} was the idea of {v}.
      `,
      questions: `
        Who founded {N}?
        Who was {P} founder?
        By whom was {N} founded?
        Who was the first owner of {N}?
        Who started {N}?
        Which person founded {N}?
      `,
      unseen: `
        Whose idea was {N}?
        Who first owned {N}?
      `,
    }),
    attribute("seat", PLACE, ["seat", "home town"], {
      statements: `
        {P} seat is in {v}.
        {S} is based in {v}.
        {S} has its office in {v}.
        {P} home town is {v}.
        {S} works from {v}.
        The factory of {N} is in {v}.
        {v} is the seat of {N}.
      `,
      questions: `
        Where is {N} based?
        Where is {P} seat?
        In which town is {N} based?
        Where is the factory of {N}?
        In which town is {P} office?
        {N} is based in which town?
      `,
      unseen: `
        From which town does {N} work?
        Where does {N} have its office?
      `,
    }),
    attribute("product", oneOf("product"), ["product", "main product"], {
      statements: `
        {S} makes {v}.
        {S} sells {v}.
        {P} main product is {v}.
        {S} is known for its {v}.
        Its workers build {v} at {N}.
        {S} sends {v} all over the world.
        {S} produces nothing but {v}.
      `,
      questions: `
        What does {N} make?
        What does {N} sell?
        What is {N} known for?
        Which product does {N} make?
        What does {N} produce?
        {N} makes what?
      `,
      unseen: `
        What do workers build at {N}?
        What does {N} send all over the world?
      `,
    }),
    attribute("workers", quantity("workers", 20, 980, 5), ["number of workers", "staff"], {
      statements: `
        {S} employs {v}.
        {S} has {v}.
        {P} staff is {v}.
        There are {v} at {N}.
        {S} gives work to {v}.
        {S} pays {v}.
        Every morning {v} come to {N}.
      `,
      questions: `
        How many workers does {N} have?
        How many workers does {N} employ?
        How many workers are there at {N}?
        How large is {P} staff?
        To how many workers does {N} give work?
        {N} has how many workers?
      `,
      unseen: `
        How many workers are paid by {N}?
        How many workers come to {N} every morning?
      `,
    }),
    attribute("emblem", oneOf("animal"), ["emblem", "sign"], {
      statements: `
        {P} emblem is {a} {v}.
        {P} sign shows {a} {v}.
        {A} {v} is the emblem of {N}.
        {S} uses {a} {v} as its sign.
        All goods from {N} bear {a} {v}.
        The door of {N} shows {a} {v}.
        {S} chose {a} {v} as its emblem.
      `,
      questions: `
        What is {P} emblem?
        Which animal is the emblem of {N}?
        What does {P} sign show?
        Which animal does {N} use as its sign?
        Which animal did {N} choose as its emblem?
        What animal is on {P} sign?
      `,
      unseen: `
        Which animal is on the door of {N}?
        Which animal do all goods from {N} bear?
      `,
    }),
  ],
};
