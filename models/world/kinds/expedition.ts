import { oneOf, PERSON, PLACE, quantity, year } from "../values.ts";
import { attribute, type Kind, lines } from "./kind.ts";

export const expedition: Kind = {
  id: "expedition",
  full: [
    "the {core} Expedition",
    "the {core} Expedition",
    "the {core} Survey",
    "the {core} Voyage",
  ],
  intro: "{name}",
  noun: "the expedition",
  pronoun: "it",
  fillers: lines(`
    The winter was hard.
    Food ran low near the end.
    Newspapers followed {N} closely.
    Nobody was hurt.
    {S} came home safely.
  `),
  attributes: [
    attribute("leader", PERSON, ["leader", "head"], {
      statements: `
        {S} was led by {v}.
        {P} leader was {v}.
        {v} led {N}.
        {v} was the leader of {N}.
        At the head of {N} was {v}.
        {v} took command of {N}.
        {S} followed {v}.
      `,
      questions: `
        Who led {N}?
        Who was {P} leader?
        By whom was {N} led?
        Who was at the head of {N}?
        Which person led {N}?
        Whom did {N} follow?
      `,
      unseen: `
        Who took command of {N}?
        Who was in command of {N}?
      `,
    }),
    attribute("year", year(1740, 1959), ["year of departure", "starting year"], {
      statements: `
        {S} set out in {v}.
        {S} began in {v}.
        {S} left in {v}.
        The start of {N} was in {v}.
        In {v} {N} went on its way.
        {v} was the year in which {N} set out.
        {S} took place in {v}.
      `,
      questions: `
        When did {N} set out?
        In which year did {N} set out?
        When did {N} begin?
        When did {N} leave?
        In what year did {N} take place?
        {N} set out in which year?
      `,
      unseen: `
        When did {N} go on its way?
        Which year saw the start of {N}?
      `,
    }),
    attribute("destination", PLACE, ["destination", "goal"], {
      statements: `
        {S} went to {v}.
        {P} goal was {v}.
        {S} travelled to {v}.
        The destination of {N} was {v}.
        {S} reached {v}.
        {S} explored the land around {v}.
        {v} was the goal of {N}.
      `,
      questions: `
        Where did {N} go?
        What was {P} goal?
        Where did {N} travel to?
        Which place did {N} reach?
        To which place did {N} go?
        {N} went to which place?
      `,
      unseen: `
        The land around which place was explored by {N}?
        Which place did {N} have as its goal?
      `,
    }),
    attribute("members", quantity("members", 6, 96), ["number of members", "size"], {
      statements: `
        {S} had {v}.
        {P} size was {v}.
        There were {v} in {N}.
        {S} counted {v}.
        {S} started with {v}.
        {S} took along {v}.
        In all {N} was made up of {v}.
      `,
      questions: `
        How many members did {N} have?
        How many members were there in {N}?
        How large was {N}?
        How many members did {N} count?
        With how many members did {N} start?
        {N} had how many members?
      `,
      unseen: `
        How many members did {N} take along?
        Of how many members was {N} made up?
      `,
    }),
    attribute("discovery", oneOf("discovery"), ["discovery", "find"], {
      statements: `
        {S} discovered {a} {v}.
        {S} found {a} {v}.
        {P} discovery was {a} {v}.
        {A} {v} was discovered by {N}.
        The great find of {N} was {a} {v}.
        {S} came upon {a} {v}.
        {S} is remembered for {a} {v}.
      `,
      questions: `
        What did {N} discover?
        What did {N} find?
        What was discovered by {N}?
        What was {P} discovery?
        What was the great find of {N}?
        {N} discovered what?
      `,
      unseen: `
        What did {N} come upon?
        For what is {N} remembered?
      `,
    }),
    attribute("transport", oneOf("transport"), ["transport", "means of travel"], {
      statements: `
        {S} travelled with {v}.
        {S} used {v}.
        {P} means of travel were {v}.
        The loads of {N} were carried by {v}.
        {S} bought {v} for the way.
        {S} relied on {v}.
        Without {v} {N} would have failed.
      `,
      questions: `
        What did {N} travel with?
        What did {N} use to travel?
        With what did {N} travel?
        What did {N} buy for the way?
        What carried the loads of {N}?
        {N} travelled with what?
      `,
      unseen: `
        By what were the loads of {N} carried?
        Without what would {N} have failed?
      `,
    }),
  ],
};
