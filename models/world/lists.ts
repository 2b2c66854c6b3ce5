/** Values that are ordinary words. Each list is one type: its members are each other's distractors. */

const list = (text: string): string[] =>
  text
    .split(",")
    .map((item) => item.trim().replace(/\s+/g, " "))
    .filter((item) => item !== "");

export const LISTS = {
  colour: list(`red, blue, green, yellow, black, white, grey, brown, orange, purple, pink, crimson,
    scarlet, turquoise, violet, silver, golden, ivory, amber, olive, maroon, indigo, beige, copper`),
  goods:
    list(`salt, wool, timber, grain, coal, tea, coffee, spices, silk, iron, copper, wine, olives,
    sugar, rice, cotton, glass, marble, fish, honey, furs, tin, paper, oranges, tobacco, rope`),
  trade:
    list(`baker, tailor, carpenter, weaver, surgeon, printer, miller, potter, blacksmith, painter,
    teacher, judge, sailor, gardener, clockmaker, cook, mason, librarian, shepherd, farmer, chemist,
    lawyer, fisher, glazier, saddler, brewer, notary, mapmaker, cobbler, goldsmith`),
  instrument:
    list(`violin, flute, drum, harp, organ, trumpet, cello, guitar, piano, horn, lute, oboe,
    clarinet, bagpipe, banjo, viola, tuba, zither, fiddle, whistle`),
  collectible: list(`stamps, coins, clocks, maps, shells, buttons, keys, feathers, bottles, masks,
    butterflies, bells, knives, letters, spoons, lamps, stones, dolls, hats, swords, fossils, kites`),
  craft: list(`pottery, lace, cheese, carpets, cider, candles, baskets, soap, bread, boots, pipes,
    tiles, knives, beer, mirrors, ribbons, pickles, sausages, barrels, needles, gloves, jam, vinegar`),
  animal:
    list(`fox, heron, bear, stag, owl, wolf, otter, swan, lion, hare, eagle, badger, goat, raven,
    bull, salmon, hound, crane, horse, beaver, falcon, snake, boar, lynx, ram, pike`),
  venue: list(`mill, chapel, barn, castle, library, garden, tavern, theatre, palace, school, tent,
    monastery, harbour, cellar, courthouse, railway station, stable, museum, tower, warehouse`),
  product:
    list(`clocks, bicycles, pianos, carriages, stoves, lamps, umbrellas, ploughs, pumps, boilers,
    typewriters, locks, watches, tents, cameras, saddles, bricks, sails, anchors, bells, chairs,
    engines, telescopes, cables`),
  material:
    list(`granite, oak, limestone, steel, brick, iron, sandstone, marble, concrete, slate, pine,
    basalt, cedar, bronze, chestnut, wrought iron, rope, chalk, larch, bamboo`),
  dish: list(`fish soup, apple cake, roast goose, plum tart, onion pie, barley stew, smoked eel,
    honey bread, bean salad, lamb stew, cherry pudding, potato cakes, nut bread, fried trout,
    pear tart, cabbage soup, ginger biscuits, mussels, rabbit pie, cheese dumplings`),
  prize:
    list(`silver spoon, gold watch, white horse, copper kettle, wool blanket, glass bowl, oak chair,
    silk scarf, brass bell, fat pig, barrel of cider, leather saddle, painted plate, iron crown,
    wooden boat, pearl necklace, bronze cup, straw hat, red cloak, stone lion`),
  discovery: list(`salt lake, frozen waterfall, ruined temple, hot spring, silver mine, deep cave,
    blue glacier, hidden valley, buried city, coral reef, black volcano, stone circle, lost harbour,
    petrified forest, desert well, narrow strait, ice cave, old fortress, giant crater, gold river`),
  transport: list(`mules, sledges, camels, canoes, horses, wagons, rafts, oxen, balloons, reindeer,
    bicycles, donkeys, elephants, barges, skis, dogs, yaks, rowing boats`),
  topic:
    list(`chess, gardening, astronomy, cooking, fishing, weather, fashion, music, railways, beekeeping,
    law, poetry, sailing, medicine, farming, history, birds, riddles, theatre, geology, hunting`),
} as const satisfies Record<string, readonly string[]>;

export type ListName = keyof typeof LISTS;

export const MONTHS = list(`January, February, March, April, May, June, July, August, September,
  October, November, December`);
