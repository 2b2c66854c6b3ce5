import { DATE, oneOf, PERSON, PLACE, year } from "../values.ts";
import { attribute, type Kind, lines } from "./kind.ts";

export const festival: Kind = {
  id: "festival",
  full: ["the {core} Fair", "the {core} Festival", "the {core} Feast", "the {core} Games"],
  intro: "{name}",
  noun: "the festival",
  pronoun: "it",
  fillers: lines(`
    Music fills the streets.
    Children stay up late.
    Rain rarely keeps guests away.
    Everyone talks about {N}.
    {S} ends with a dance.
  `),
  attributes: [
    attribute("date", DATE, ["date", "day"], {
      statements: `
        {S} is held on {v}.
        {S} begins on {v}.
        {P} day is {v}.
        {S} takes place on {v}.
        The date of {N} is {v}.
        Every year {N} is celebrated on {v}.
        Guests come to {N} on {v}.
      `,
      questions: `
        When is {N} held?
        On what date is {N} held?
        When does {N} begin?
        On which day does {N} take place?
        On what day is {N} celebrated?
        {N} is held on which day?
      `,
      unseen: `
        On which day do guests come to {N}?
        On what date does {N} begin every year?
      `,
    }),
    attribute("honours", PERSON, ["patron", "hero"], {
      statements: `
        {S} honours {v}.
        {S} is named after its hero {v}.
        {S} is held in memory of {v}.
        {P} patron is {v}.
        The hero of {N} is {v}.
        {S} celebrates the life of {v}.
        Songs about {v} are sung at {N}.
      `,
      questions: `
        Whom does {N} honour?
        Who is the hero of {N}?
        In memory of whom is {N} held?
        Who is {P} patron?
        Whose life does {N} celebrate?
        Which person does {N} honour?
      `,
      unseen: `
        About whom are songs sung at {N}?
        Whose memory does {N} honour?
      `,
    }),
    attribute("dish", oneOf("dish"), ["dish", "main dish"], {
      statements: `
        Guests at {N} eat {v}.
        The dish of {N} is {v}.
        At {N} everyone eats {v}.
        {P} main dish is {v}.
        {S} is known for its {v}.
        Cooks at {N} serve {v}.
        The tables of {N} are full of {v}.
      `,
      questions: `
        What do guests eat at {N}?
        What is eaten at {N}?
        Which dish is {N} known for?
        What does everyone eat at {N}?
        What do cooks serve at {N}?
        What dish is served at {N}?
      `,
      unseen: `
        What are the tables of {N} full of?
        Which food do guests find at {N}?
      `,
    }),
    attribute("since", year(1702, 1969), ["first year", "founding year"], {
      statements: `
        {S} was first held in {v}.
        {S} has been held since {v}.
        The first time of {N} was in {v}.
        {P} history began in {v}.
        In {v} {N} was founded.
        {v} was the year in which {N} was founded.
        {S} started in {v}.
      `,
      questions: `
        When was {N} first held?
        In which year was {N} first held?
        Since when has {N} been held?
        When was {N} founded?
        When did {P} history begin?
        {N} was first held in which year?
      `,
      unseen: `
        In what year did {N} start?
        Which year saw the founding of {N}?
      `,
    }),
    attribute("town", PLACE, ["town", "home town"], {
      statements: `
        {S} takes place in {v}.
        {S} is held in {v}.
        {P} home town is {v}.
        The people of {v} celebrate {N}.
        The town of {N} is {v}.
        {v} is the home of {N}.
        {S} brings guests to {v}.
      `,
      questions: `
        Where does {N} take place?
        In which town is {N} held?
        Where is {N} held?
        Which town is the home of {N}?
        Which town celebrates {N}?
        {N} takes place in which town?
      `,
      unseen: `
        To which town does {N} bring guests?
        Where do people celebrate {N}?
      `,
    }),
    attribute("prize", oneOf("prize"), ["prize", "first prize"], {
      statements: `
        The winner gets {a} {v} at {N}.
        {P} prize is {a} {v}.
        {S} has {a} {v} as its prize.
        At {N} the best dancer wins {a} {v}.
        The first prize at {N} is {a} {v}.
        {A} {v} goes to the winner of {N}.
        {S} gives {a} {v} to the winner.
      `,
      questions: `
        What is {P} prize?
        What does the winner of {N} get?
        What is the first prize at {N}?
        What can be won at {N}?
        Which prize does {N} give?
        What does {N} have as its prize?
      `,
      unseen: `
        What goes to the winner of {N}?
        What does the best dancer get at {N}?
      `,
    }),
  ],
};
