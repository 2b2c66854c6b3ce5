import { oneOf, PERSON, quantity, RIVER, year } from "../values.ts";
import { attribute, type Kind, lines } from "./kind.ts";

export const bridge: Kind = {
  id: "bridge",
  full: ["the {core} Bridge"],
  intro: "{name}",
  noun: "the bridge",
  pronoun: "it",
  fillers: lines(`
    Carts cross all day.
    A flood came the next spring.
    Painters love {N}.
    The view is wide.
    {S} was repaired twice.
  `),
  attributes: [
    attribute("opened", year(1730, 1969), ["year of opening", "opening year"], {
      statements: `
        {S} was opened in {v}.
        {S} was finished in {v}.
        The opening of {N} took place in {v}.
        The first carts crossed {N} in {v}.
        In {v} {N} opened to traffic.
        {v} was the year in which {N} was opened.
        {S} has been in use since {v}.
      `,
      questions: `
        When was {N} opened?
        In which year was {N} opened?
        When was {N} finished?
        When did {N} open to traffic?
        Since when has {N} been in use?
        {N} was opened in which year?
      `,
      unseen: `
        When did the first carts cross {N}?
        Which year saw the opening of {N}?
      `,
    }),
    attribute("engineer", PERSON, ["engineer", "builder"], {
      statements: `
        {S} was designed by {v}.
        {v} designed {N}.
        {P} engineer was {v}.
        {v} was the engineer of {N}.
        {S} was the work of {v}.
        {v} drew the plans for {N}.
        The builder of {N} was {v}.
      `,
      questions: `
        Who designed {N}?
        Who was {P} engineer?
        By whom was {N} designed?
        Who was the builder of {N}?
        Whose work was {N}?
        Which engineer designed {N}?
      `,
      unseen: `
        Who drew the plans for {N}?
        Who built {N}?
      `,
    }),
    attribute("length", quantity("metres", 25, 899), ["length", "total length"], {
      statements: `
        {S} is {v} long.
        {P} length is {v}.
        {S} measures {v}.
        From bank to bank {N} measures {v}.
        The length of {N} is {v}.
        {S} has a length of {v}.
        {S} stretches over {v}.
      `,
      questions: `
        How long is {N}?
        What length does {N} have?
        How much does {N} measure?
        How many metres long is {N}?
        How long is {N} from bank to bank?
        {N} is how long?
      `,
      unseen: `
        How many metres does {N} measure?
        From bank to bank, how many metres is {N}?
      `,
    }),
    attribute("material", oneOf("material"), ["material", "building material"], {
      statements: `
        {S} is made of {v}.
        {S} was built of {v}.
        {P} material is {v}.
        The builders of {N} used {v}.
        The arches of {N} are of {v}.
        {S} stands on pillars of {v}.
        For {N} the engineers chose {v}.
      `,
      questions: `
        What is {N} made of?
        Of what was {N} built?
        What material was used for {N}?
        Which material did the builders of {N} use?
        What are the arches of {N} made of?
        {N} is made of what?
      `,
      unseen: `
        What did the engineers choose for {N}?
        Of what are the pillars of {N}?
      `,
    }),
    attribute("river", RIVER, ["river", "river name"], {
      statements: `
        {S} crosses the river {v}.
        {S} spans the {v}.
        Under {N} flows the river {v}.
        The river under {N} is called {v}.
        {S} stands over the {v}.
        The {v} runs below {N}.
        {S} joins both banks of the {v}.
      `,
      questions: `
        Which river does {N} cross?
        What river does {N} span?
        Which river flows under {N}?
        What is the river under {N} called?
        Over which river does {N} stand?
        {N} crosses which river?
      `,
      unseen: `
        Which river runs below {N}?
        Over the banks of which river does {N} stand?
      `,
    }),
    attribute("cost", quantity("crowns", 200, 9900, 100), ["cost", "price"], {
      statements: `
        {S} cost {v}.
        The price of {N} was {v}.
        {v} were paid for {N}.
        {P} cost was {v}.
        The builders of {N} spent {v}.
        {S} was built for {v}.
        The bill for {N} was {v}.
      `,
      questions: `
        How much did {N} cost?
        What was the price of {N}?
        How many crowns did {N} cost?
        What did {N} cost?
        How much was paid for {N}?
        How many crowns were paid for {N}?
      `,
      unseen: `
        How much was the bill for {N}?
        How many crowns were spent on {N}?
      `,
    }),
  ],
};
