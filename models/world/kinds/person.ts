import { oneOf, PERSON, PLACE, year } from "../values.ts";
import { attribute, type Kind, lines } from "./kind.ts";

export const person: Kind = {
  id: "person",
  full: ["{core}"],
  intro: "{name}",
  noun: "",
  pronoun: "person",
  fillers: lines(`
    Few people knew this.
    The neighbours spoke well of {N}.
    Friends remember a quiet voice.
    Many old letters were lost.
    {P} house still stands.
  `),
  attributes: [
    attribute("born", year(1720, 1969), ["year of birth", "birth year"], {
      statements: `
        {S} was born in {v}.
        The year of {P} birth was {v}.
        {S} came into the world in {v}.
        {P} life began in {v}.
        {S} was a child of the year {v}.
        {v} was the year in which {N} was born.
        {P} birth year was {v}.
      `,
      questions: `
        When was {N} born?
        In which year was {N} born?
        In what year did {P} life begin?
        When did {N} come into the world?
        What year was {N} born in?
        {N} was born in which year?
      `,
      unseen: `
        What was the year of the birth of {N}?
        Which year saw {N} born?
      `,
    }),
    attribute("birthplace", PLACE, ["birthplace", "home town"], {
      statements: `
        {S} grew up in {v}.
        {P} birthplace was {v}.
        {S} came from {v}.
        {P} home town was {v}.
        {S} spent {P} childhood in {v}.
        {v} was the home town of {N}.
        {P} family lived in {v}.
      `,
      questions: `
        Where did {N} grow up?
        Where did {N} come from?
        In which town did {N} grow up?
        Which town was {P} home?
        Where did {P} family live?
        {N} came from which town?
      `,
      unseen: `
        Where was {N} in {P} childhood?
        In what place was {P} family home?
      `,
    }),
    attribute("trade", oneOf("trade"), ["trade", "profession"], {
      statements: `
        {S} worked as {a} {v}.
        {P} trade was that of {a} {v}.
        {S} became {a} {v}.
        {S} earned {P} living as {a} {v}.
        By profession {N} was {a} {v}.
        {S} trained as {a} {v}.
        {S} was known as {a} good {v}.
      `,
      questions: `
        What did {N} work as?
        What was {P} job?
        What did {N} become?
        How did {N} earn a living?
        What was {N} by profession?
        As what did {N} work?
      `,
      unseen: `
        What work did {N} do?
        What had {N} trained as?
      `,
    }),
    attribute("teacher", PERSON, ["teacher", "master"], {
      statements: `
        {S} learned from {v}.
        {P} teacher was {v}.
        {S} was taught by {v}.
        {S} was a pupil of {v}.
        {v} was the teacher of {N}.
        {S} studied under {v}.
        {v} taught {N} everything.
      `,
      questions: `
        Who taught {N}?
        Who was {P} teacher?
        From whom did {N} learn?
        Under whom did {N} study?
        By whom was {N} taught?
        Whose pupil was {N}?
      `,
      unseen: `
        Who had {N} as a pupil?
        Which person was {N} taught by?
      `,
    }),
    attribute("instrument", oneOf("instrument"), ["instrument", "musical instrument"], {
      statements: `
        {S} played the {v}.
        {P} instrument was the {v}.
        {S} loved to play the {v}.
        In the evening {N} played the {v}.
        {S} was good at playing the {v}.
        At home {N} practised the {v}.
        {P} favourite instrument was the {v}.
      `,
      questions: `
        What instrument did {N} play?
        Which instrument did {N} play?
        What did {N} play in the evening?
        What did {N} practise at home?
        On which instrument did {N} play?
        {N} played which instrument?
      `,
      unseen: `
        What was {N} good at playing?
        Which instrument did {N} love?
      `,
    }),
    attribute("collection", oneOf("collectible"), ["collection", "hobby"], {
      statements: `
        {S} collected {v}.
        {P} hobby was collecting {v}.
        {S} owned a large collection of {v}.
        {P} house was full of {v}.
        {S} filled a room with {v}.
        {S} kept hundreds of {v}.
        {P} collection held only {v}.
      `,
      questions: `
        What did {N} collect?
        Which things did {N} collect?
        What was {P} house full of?
        What did {N} keep hundreds of?
        {N} collected what?
        What was in {P} collection?
      `,
      unseen: `
        What was the room of {N} filled with?
        What large collection was owned by {N}?
      `,
    }),
  ],
};
