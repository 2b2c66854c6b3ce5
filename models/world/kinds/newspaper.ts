import { oneOf, PERSON, PLACE, quantity, year } from "../values.ts";
import { attribute, type Kind, lines } from "./kind.ts";

export const newspaper: Kind = {
  id: "newspaper",
  full: ["the {core} Gazette", "the {core} Herald", "the {core} Post", "the {core} Times"],
  intro: "the newspaper {name}",
  noun: "the newspaper",
  pronoun: "it",
  fillers: lines(`
    The print is small.
    Readers often write letters.
    Old copies are rare.
    Everyone in town reads {N}.
    {S} comes out in the morning.
  `),
  attributes: [
    attribute("editor", PERSON, ["editor", "chief editor"], {
      statements: `
        {S} is edited by {v}.
        {P} editor is {v}.
        {v} edits {N}.
        {v} is the editor of {N}.
        {S} is led by {v}.
        The chief of {N} is {v}.
        Every page of {N} is read by {v}.
      `,
      questions: `
        Who edits {N}?
        Who is {P} editor?
        By whom is {N} edited?
        Who is the editor of {N}?
        Who is the chief of {N}?
        Which person edits {N}?
      `,
      unseen: `
        Who is at the head of {N}?
        Who reads every page of {N}?
      `,
    }),
    attribute("founded", year(1740, 1969), ["year of founding", "founding year"], {
      statements: `
        {S} was founded in {v}.
        {S} first appeared in {v}.
        {S} has been printed since {v}.
        The first copy of {N} dates from {v}.
        In {v} {N} came out for the first time.
        {v} was the year in which {N} was founded.
        {P} history began in {v}.
      `,
      questions: `
        When was {N} founded?
        In which year was {N} founded?
        When did {N} first appear?
        Since when has {N} been printed?
        When did {P} history begin?
        {N} was founded in which year?
      `,
      unseen: `
        From which year does the first copy of {N} date?
        When did {N} come out for the first time?
      `,
    }),
    attribute("town", PLACE, ["home town", "place of printing"], {
      statements: `
        {S} is printed in {v}.
        {S} appears in {v}.
        {P} home town is {v}.
        {S} has its office in {v}.
        People in {v} read {N}.
        {S} brings the news of {v}.
        {v} is the home of {N}.
      `,
      questions: `
        Where is {N} printed?
        In which town is {N} printed?
        Where does {N} appear?
        In which town is {P} office?
        Which town is the home of {N}?
        {N} is printed in which town?
      `,
      unseen: `
        Where do people read {N}?
        Of which town does {N} bring the news?
      `,
    }),
    attribute("copies", quantity("copies", 300, 9900, 100), ["circulation", "number of copies"], {
      statements: `
        {S} sells {v}.
        {S} prints {v}.
        {P} circulation is {v}.
        Every day {N} sells {v}.
        The press of {N} makes {v}.
        Readers buy {v} of {N}.
        {S} reaches {v} a day.
      `,
      questions: `
        How many copies does {N} sell?
        How many copies does {N} print?
        What is {P} circulation?
        How large is the circulation of {N}?
        How many copies of {N} are sold?
        {N} sells how many copies?
      `,
      unseen: `
        How many copies of {N} do readers buy?
        How many copies does the press of {N} make?
      `,
    }),
    attribute("paper", oneOf("colour"), ["paper colour", "colour"], {
      statements: `
        {S} is printed on {v} paper.
        {P} paper is {v}.
        {S} uses {v} paper.
        The colour of {N} is {v}.
        The pages of {N} are {v}.
        Readers know {N} by its {v} pages.
        {S} chose {v} paper.
      `,
      questions: `
        What colour is {N}?
        What colour is {P} paper?
        On what colour of paper is {N} printed?
        Which colour of paper does {N} use?
        What colour are the pages of {N}?
        {N} is printed on which colour of paper?
      `,
      unseen: `
        By which colour do readers know {N}?
        What colour of paper did {N} choose?
      `,
    }),
    attribute("topic", oneOf("topic"), ["topic", "main topic"], {
      statements: `
        {S} writes much about {v}.
        {S} is known for its page on {v}.
        {P} main topic is {v}.
        {S} is loved for its articles on {v}.
        The last page of {N} is about {v}.
        Readers of {N} like its notes on {v}.
        {S} never forgets {v}.
      `,
      questions: `
        What does {N} write about?
        What is {P} main topic?
        What is {N} known for?
        On which topic does {N} have a page?
        For articles on what is {N} loved?
        {N} writes much about what?
      `,
      unseen: `
        What is the last page of {N} about?
        Which topic does {N} like?
      `,
    }),
  ],
};
