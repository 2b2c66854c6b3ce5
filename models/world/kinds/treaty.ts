import { oneOf, PERSON, PLACE, quantity, year } from "../values.ts";
import { attribute, type Kind, lines } from "./kind.ts";

export const treaty: Kind = {
  id: "treaty",
  full: [
    "the Treaty of {core}",
    "the Treaty of {core}",
    "the Peace of {core}",
    "the {core} Accord",
  ],
  intro: "{name}",
  noun: "the treaty",
  pronoun: "it",
  fillers: lines(`
    Both sides were tired.
    The talks lasted for weeks.
    Not everyone was pleased.
    Bells rang in every town.
    Historians still argue about {N}.
  `),
  attributes: [
    attribute("signed", year(1701, 1959), ["year of signing", "signing year"], {
      statements: `
        {S} was signed in {v}.
        The signing of {N} took place in {v}.
        {S} dates from {v}.
        Both sides signed {N} in {v}.
        In {v} {N} was agreed.
        {v} was the year in which {N} was signed.
        {S} brought peace in {v}.
      `,
      questions: `
        When was {N} signed?
        In which year was {N} signed?
        From which year does {N} date?
        When did both sides sign {N}?
        What year was {N} signed in?
        {N} was signed in which year?
      `,
      unseen: `
        When was {N} agreed?
        Which year saw the signing of {N}?
      `,
    }),
    attribute("dispute", oneOf("goods"), ["cause", "reason"], {
      statements: `
        {S} ended a quarrel over {v}.
        {S} settled the trade in {v}.
        The quarrel behind {N} was about {v}.
        {S} was about {v}.
        {S} ended a war over {v}.
        {S} set the price of {v}.
        Under {N} both sides shared the {v}.
      `,
      questions: `
        What was {N} about?
        Over what did {N} end a quarrel?
        What trade did {N} settle?
        Which goods was {N} about?
        What was the quarrel behind {N} about?
        {N} ended a war over what?
      `,
      unseen: `
        Which goods were shared under {N}?
        Of which goods did {N} set the price?
      `,
    }),
    attribute("mediator", PERSON, ["mediator", "author"], {
      statements: `
        {S} was arranged by {v}.
        {v} arranged {N}.
        {P} mediator was {v}.
        {v} wrote the text of {N}.
        {S} was the work of {v}.
        The talks on {N} were led by {v}.
        {v} led both sides to {N}.
      `,
      questions: `
        Who arranged {N}?
        Who was {P} mediator?
        By whom was {N} arranged?
        Who led the talks on {N}?
        Whose work was {N}?
        Which person arranged {N}?
      `,
      unseen: `
        Who wrote the text of {N}?
        Who led both sides to {N}?
      `,
    }),
    attribute("venue", oneOf("venue"), ["venue", "signing place"], {
      statements: `
        {S} was signed in {a} {v}.
        The delegates of {N} met in {a} {v}.
        The signing place of {N} was {a} {v}.
        The talks on {N} were held in {a} {v}.
        {S} was agreed in {a} {v}.
        {A} {v} was the venue of {N}.
        {A} {v} saw the signing of {N}.
      `,
      questions: `
        In what kind of place was {N} signed?
        In which building was {N} signed?
        Where did the delegates of {N} meet?
        Where were the talks on {N} held?
        What was the venue of {N}?
        In what building did the talks on {N} take place?
      `,
      unseen: `
        In which building was {N} agreed?
        What kind of building saw the delegates of {N}?
      `,
    }),
    attribute("term", quantity("years", 12, 99), ["duration", "term"], {
      statements: `
        {S} lasted for {v}.
        {S} was valid for {v}.
        {P} term was {v}.
        {S} kept the peace for {v}.
        {S} held for {v}.
        The sides kept {N} for {v}.
        After {v} {N} ended.
      `,
      questions: `
        How long did {N} last?
        For how long was {N} valid?
        How many years did {N} last?
        For how many years was {N} valid?
        How long did {N} keep the peace?
        {N} lasted for how long?
      `,
      unseen: `
        How long did the sides keep {N}?
        After how many years did {N} end?
      `,
    }),
    attribute("archive", PLACE, ["archive", "resting place"], {
      statements: `
        {S} is kept in {v}.
        The original of {N} is in {v}.
        {S} can be seen in {v}.
        An archive in {v} keeps {N}.
        {S} now lies in {v}.
        The archive of {N} is in {v}.
        {v} owns the original of {N}.
      `,
      questions: `
        Where is {N} kept?
        In which town is {N} kept?
        Where is the original of {N}?
        Where can {N} be seen?
        Which town keeps {N}?
        {N} is kept in which town?
      `,
      unseen: `
        Where does {N} now lie?
        Which town owns the original of {N}?
      `,
    }),
  ],
};
