import { oneOf, PERSON, PLACE, quantity, year } from "../values.ts";
import { attribute, type Kind, lines } from "./kind.ts";

export const lighthouse: Kind = {
  id: "lighthouse",
  full: ["the {core} Lighthouse", "the {core} Lighthouse", "the {core} Light", "the {core} Beacon"],
  intro: "{name}",
  noun: "the lighthouse",
  pronoun: "it",
  fillers: lines(`
    Gulls nest on the rocks.
    Fog is common here.
    Fishermen depend on {N}.
    The stairs are steep.
    {S} guards a wild coast.
  `),
  attributes: [
    attribute("lit", year(1760, 1969), ["year of building", "opening year"], {
      statements: `
        {S} was first lit in {v}.
        {S} was built in {v}.
        {S} was finished in {v}.
        {S} has shone since {v}.
        In {v} {N} began to shine.
        {v} was the year in which {N} was built.
        The light of {N} first burned in {v}.
      `,
      questions: `
        When was {N} first lit?
        In which year was {N} built?
        When was {N} built?
        When was {N} finished?
        Since when has {N} shone?
        {N} was first lit in which year?
      `,
      unseen: `
        When did {N} begin to shine?
        In what year was the light of {N} first lit?
      `,
    }),
    attribute("keeper", PERSON, ["keeper", "guard"], {
      statements: `
        {P} keeper was {v}.
        {v} kept {N}.
        {v} was the keeper of {N}.
        {S} was kept by {v}.
        The light of {N} was tended by {v}.
        {v} lived in {N}.
        {v} looked after {N}.
      `,
      questions: `
        Who was {P} keeper?
        Who kept {N}?
        Who was the keeper of {N}?
        By whom was {N} kept?
        Who lived in {N}?
        Which keeper lived in {N}?
      `,
      unseen: `
        Who looked after {N}?
        Who tended the light of {N}?
      `,
    }),
    attribute("height", quantity("metres", 12, 98), ["height", "total height"], {
      statements: `
        {S} is {v} high.
        {P} height is {v}.
        {S} rises {v} above the sea.
        {S} measures {v}.
        The height of {N} is {v}.
        {S} has a height of {v}.
        {S} reaches a height of {v}.
      `,
      questions: `
        How high is {N}?
        What height does {N} have?
        How many metres high is {N}?
        How much does {N} measure?
        How high does {N} rise above the sea?
        {N} is how high?
      `,
      unseen: `
        What height does {N} reach?
        How many metres does {N} rise?
      `,
    }),
    attribute("colour", oneOf("colour"), ["colour", "wall colour"], {
      statements: `
        {S} is painted {v}.
        {P} walls are {v}.
        The colour of {N} is {v}.
        {S} has {v} walls.
        Sailors know {N} by the colour {v}.
        {S} was painted {v} long ago.
        By day {N} looks {v}.
      `,
      questions: `
        What colour is {N}?
        What colour are {P} walls?
        Which colour does {N} have?
        In which colour is {N} painted?
        What colour are the walls of {N}?
        {N} is painted in which colour?
      `,
      unseen: `
        By which colour do sailors know {N}?
        What colour is {N} by day?
      `,
    }),
    attribute("coast", PLACE, ["coast", "nearest town"], {
      statements: `
        {S} stands near {v}.
        {S} guards the harbour of {v}.
        The nearest town to {N} is {v}.
        {S} is close to {v}.
        {S} shows ships the way to {v}.
        From {N} one can see {v}.
        {P} nearest town is {v}.
      `,
      questions: `
        Near which town does {N} stand?
        Where does {N} stand?
        Which harbour does {N} guard?
        Which town is nearest to {N}?
        To which town is {N} close?
        {N} stands near which town?
      `,
      unseen: `
        To which town does {N} show ships the way?
        Which town can one see from {N}?
      `,
    }),
    attribute("flash", quantity("seconds", 3, 59), ["interval", "time between flashes"], {
      statements: `
        {S} flashes every {v}.
        {P} light turns once in {v}.
        {S} sends a flash every {v}.
        The light of {N} comes back after {v}.
        {P} interval is {v}.
        The lamp of {N} turns in {v}.
        Between two flashes of {N} lie {v}.
      `,
      questions: `
        How often does {N} flash?
        Every how many seconds does {N} flash?
        How often does {N} send a flash?
        In how many seconds does {P} light turn?
        How many seconds is {P} interval?
        {N} flashes every how many seconds?
      `,
      unseen: `
        How many seconds lie between two flashes of {N}?
        After how many seconds does the light of {N} come back?
      `,
    }),
  ],
};
