import { oneOf, PERSON, quantity, RIVER, year } from "../values.ts";
import { attribute, type Kind, lines } from "./kind.ts";

export const town: Kind = {
  id: "town",
  full: [
    "{core}",
    "{core}",
    "{core}",
    "Port {core}",
    "New {core}",
    "Upper {core}",
    "Castle {core}",
  ],
  intro: "the town of {name}",
  noun: "the town",
  pronoun: "it",
  fillers: lines(`
    Visitors come in summer.
    The streets are narrow.
    Few tourists know {N}.
    The old walls still stand.
    {S} has changed little since.
  `),
  attributes: [
    attribute("founded", year(1703, 1939), ["year of founding", "founding year"], {
      statements: `
        {S} was founded in {v}.
        The founding of {N} took place in {v}.
        {P} history began in {v}.
        {S} has stood since {v}.
        In {v} {N} received its charter.
        {v} was the year in which {N} was founded.
        The first houses of {N} were built in {v}.
      `,
      questions: `
        When was {N} founded?
        In which year was {N} founded?
        When did {P} history begin?
        What year was {N} founded in?
        Since when has {N} stood?
        {N} was founded in which year?
      `,
      unseen: `
        When were the first houses of {N} built?
        Which year saw the founding of {N}?
      `,
    }),
    attribute("founder", PERSON, ["founder", "first settler"], {
      statements: `
        {S} was founded by {v}.
        {P} founder was {v}.
        {v} founded {N}.
        {v} was the founder of {N}.
        {S} was the work of {v}.
        The first settler of {N} was {v}.
        A statue in {N} honours its founder {v}.
      `,
      questions: `
        Who founded {N}?
        Who was {P} founder?
        By whom was {N} founded?
        Who was the first settler of {N}?
        Which person founded {N}?
        Whose work was {N}?
      `,
      unseen: `
        Which founder does a statue in {N} honour?
        Who was the first person to settle in {N}?
      `,
    }),
    attribute(
      "population",
      quantity("people", 400, 9800, 100),
      ["population", "number of people"],
      {
        statements: `
        {S} has {v}.
        {S} is home to {v}.
        {P} population is {v}.
        About {v} live in {N}.
        The last count of {N} found {v}.
        Today {N} has {v}.
        {S} has room for {v}.
      `,
        questions: `
        How many people live in {N}?
        How many people does {N} have?
        What is {P} population?
        How large is the population of {N}?
        How many people is {N} home to?
        {N} has how many people?
      `,
        unseen: `
        How many people did the last count of {N} find?
        For how many people does {N} have room?
      `,
      },
    ),
    attribute("river", RIVER, ["river", "river name"], {
      statements: `
        {S} lies on the river {v}.
        The river {v} flows through {N}.
        {S} stands on the banks of the {v}.
        The river of {N} is called {v}.
        The {v} runs past {N}.
        {P} river is the {v}.
        {S} takes its water from the {v}.
      `,
      questions: `
        On which river does {N} lie?
        Which river flows through {N}?
        What is {P} river called?
        On the banks of which river does {N} stand?
        What river does {N} lie on?
        Which river runs past {N}?
      `,
      unseen: `
        From which river does {N} take its water?
        What is the name of the river that flows past {N}?
      `,
    }),
    attribute("craft", oneOf("craft"), ["craft", "best product"], {
      statements: `
        {S} is known for its {v}.
        {S} is famous for {v}.
        People come to {N} for the {v}.
        The shops of {N} sell {v}.
        {S} makes fine {v}.
        {S} lives from its {v}.
        {P} pride is its {v}.
      `,
      questions: `
        What is {N} known for?
        What is {N} famous for?
        What do people come to {N} for?
        For what is {N} known?
        What does {N} make?
        {N} is famous for what?
      `,
      unseen: `
        What do the shops of {N} sell?
        What is {P} pride?
      `,
    }),
    attribute("arms", oneOf("animal"), ["animal", "coat of arms"], {
      statements: `
        {P} coat of arms shows {a} {v}.
        {P} animal is the {v}.
        {A} {v} stands on the arms of {N}.
        The flag of {N} bears {a} {v}.
        {A} {v} is the sign of {N}.
        The gate of {N} bears {a} {v}.
        {S} carries {a} {v} on its shield.
      `,
      questions: `
        Which animal is on {P} coat of arms?
        What does {P} coat of arms show?
        What animal is on the flag of {N}?
        What is {P} animal?
        Which animal stands on the arms of {N}?
        Which animal is the sign of {N}?
      `,
      unseen: `
        Which animal is on the gate of {N}?
        What animal does {N} carry on its shield?
      `,
    }),
  ],
};
