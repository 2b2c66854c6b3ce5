/** Values that are ordinary words. Each list is one type: its members are each other's distractors. */

const list = (text: string): string[] =>
  text
    .split(",")
    .map((item) => item.trim().replace(/\s+/g, " "))
    .filter((item) => item !== "");

export const LISTS = {
  colour:
    list(`red, blue, green, yellow, black, white, grey, brown, orange, purple, pink, crimson, scarlet,
    turquoise, violet, silver, golden, ivory, amber, olive, maroon, indigo, beige, copper, teal,
    navy, mauve, lilac, cream, tan, khaki, plum, mustard, lavender, magenta, emerald, sapphire,
    ruby, charcoal, bronze, peach, apricot, lemon, mint, rust, chestnut, cherry, sand, coral, jade`),
  goods:
    list(`salt, wool, timber, grain, coal, tea, coffee, spices, silk, iron, copper, wine, olives, sugar,
    rice, cotton, glass, marble, fish, honey, furs, tin, paper, oranges, tobacco, rope, pepper,
    leather, oil, flour, barley, hemp, wax, soap, ivory, slate, cork, cheese, lead, zinc, cocoa,
    dates, figs, ginger, vanilla, amber, chalk, pearls, resin, candles, hops`),
  trade:
    list(`baker, tailor, carpenter, weaver, surgeon, printer, miller, potter, blacksmith, painter,
    teacher, judge, sailor, gardener, clockmaker, cook, mason, librarian, shepherd, farmer,
    chemist, lawyer, fisher, glazier, saddler, brewer, notary, mapmaker, cobbler, goldsmith,
    butcher, barber, cooper, dyer, tanner, hatter, jeweller, roofer, plumber, optician, dentist,
    soldier, miner, diver, ferryman, postman, translator, banker, bookbinder, organist,
    gravedigger, innkeeper, midwife, stonecutter`),
  instrument:
    list(`violin, flute, drum, harp, organ, trumpet, cello, guitar, piano, horn, lute, oboe, clarinet,
    bagpipe, banjo, viola, tuba, zither, fiddle, whistle, bassoon, trombone, saxophone, mandolin,
    harmonica, accordion, bugle, cornet, dulcimer, spinet, harpsichord, recorder, tambourine,
    xylophone, triangle, gong, sitar, balalaika, ukulele, concertina, piccolo, ocarina, bell,
    hurdy-gurdy, panpipe, cymbals`),
  collectible:
    list(`stamps, coins, clocks, maps, shells, buttons, keys, feathers, bottles, masks, butterflies,
    bells, knives, letters, spoons, lamps, stones, dolls, hats, swords, fossils, kites, beetles,
    postcards, tickets, medals, pens, corks, cups, teapots, thimbles, dice, flags, paintings,
    novels, newspapers, pebbles, minerals, pistols, helmets, umbrellas, combs, rings, brooches,
    whistles, candlesticks, puppets`),
  craft:
    list(`pottery, lace, cheese, carpets, cider, candles, baskets, soap, bread, boots, pipes, tiles,
    knives, beer, mirrors, ribbons, pickles, sausages, barrels, needles, gloves, jam, vinegar,
    honey, mustard, paper, shoes, saddles, brooms, ropes, nets, bricks, bells, clocks, violins,
    toys, dolls, hats, rugs, chairs, wine, butter, chocolate, noodles, sweets, glass, swords, fans`),
  animal:
    list(`fox, heron, bear, stag, owl, wolf, otter, swan, lion, hare, eagle, badger, goat, raven, bull,
    salmon, hound, crane, horse, beaver, falcon, snake, boar, lynx, ram, pike, dolphin, seal,
    whale, turtle, toad, mole, hedgehog, squirrel, rabbit, weasel, magpie, crow, pigeon, pelican,
    stork, rooster, duck, ox, donkey, camel, tiger, panther, leopard, elephant, bee, ant`),
  venue:
    list(`mill, chapel, barn, castle, library, garden, tavern, theatre, palace, school, tent, monastery,
    harbour, cellar, courthouse, railway station, stable, museum, tower, warehouse, farmhouse,
    lighthouse, windmill, inn, market hall, town hall, cathedral, abbey, hospital, prison, brewery,
    bakery, shipyard, boathouse, orchard, vineyard, quarry, cave, forge, granary, ballroom,
    gatehouse, customs house, convent, schoolroom`),
  product:
    list(`clocks, bicycles, pianos, carriages, stoves, lamps, umbrellas, ploughs, pumps, boilers,
    typewriters, locks, watches, tents, cameras, saddles, bricks, sails, anchors, bells, chairs,
    engines, telescopes, cables, scissors, razors, buttons, needles, mirrors, lenses, compasses,
    scales, valves, wheels, trams, tractors, motors, matches, candles, carpets, curtains, gloves,
    shoes, toys, pencils, stamps, printing presses, looms, ladders`),
  material:
    list(`granite, oak, limestone, steel, brick, iron, sandstone, marble, concrete, slate, pine, basalt,
    cedar, bronze, chestnut, wrought iron, rope, chalk, larch, bamboo, flint, walnut, elm, ash,
    teak, beech, maple, copper, aluminium, tin, clay, tuff, gneiss, quartzite, travertine, spruce,
    poplar, hemlock, cypress, timber, wire, cast iron, turf, rubble, willow, birch, alder`),
  dish: list(`fish soup, apple cake, roast goose, plum tart, onion pie, barley stew, smoked eel, honey bread,
    bean salad, lamb stew, cherry pudding, potato cakes, nut bread, fried trout, pear tart,
    cabbage soup, ginger biscuits, mussels, rabbit pie, cheese dumplings, pea soup, carrot cake,
    roast pork, roast duck, cream cake, mushroom pie, beef stew, grilled herring, baked apples,
    egg salad, rice pudding, poppy cake, leek soup, bacon pie, chicken stew, boiled crab,
    stuffed peppers, garlic bread, oat cakes, pumpkin soup, raisin buns, pickled beans, veal pie,
    lentil stew, walnut cake, blood sausage`),
  prize:
    list(`silver spoon, gold watch, white horse, copper kettle, wool blanket, glass bowl, oak chair,
    silk scarf, brass bell, fat pig, barrel of cider, leather saddle, painted plate, iron crown,
    wooden boat, pearl necklace, bronze cup, straw hat, red cloak, stone lion, brown cow,
    grey donkey, golden ring, bag of coins, iron stove, porcelain vase, velvet coat, feather bed,
    sack of flour, leather boots, crystal lamp, wheel of cheese, marble bust, copper pan, tin drum,
    carved pipe, brass compass, woven carpet, laurel wreath, ham, pair of geese, walnut desk,
    amber brooch, garden bench, linen shirt, ivory comb`),
  discovery:
    list(`salt lake, frozen waterfall, ruined temple, hot spring, silver mine, deep cave, blue glacier,
    hidden valley, buried city, coral reef, black volcano, stone circle, lost harbour,
    petrified forest, desert well, narrow strait, ice cave, old fortress, giant crater, gold river,
    sunken ship, salt mine, mountain pass, sulphur spring, marble quarry, bone field, painted cave,
    copper vein, underground lake, dead volcano, ancient road, stone bridge, burial mound, oasis,
    sea arch, chalk cliff, mud geyser, whale graveyard, bird island, cedar forest, amber beach,
    tin mine, ruined tower, glass desert, hanging garden, peat bog`),
  transport:
    list(`mules, sledges, camels, canoes, horses, wagons, rafts, oxen, balloons, reindeer, bicycles,
    donkeys, elephants, barges, skis, dogs, yaks, rowing boats, ponies, carts, coaches, ships,
    steamers, kayaks, gliders, airships, tractors, lorries, trains, bullocks, llamas,
    sailing boats, rickshaws, buffaloes, handcarts, snowshoes, motorcycles, gondolas, ferries,
    ice yachts, zebras, tricycles, litters, skates, dinghies`),
  topic:
    list(`chess, gardening, astronomy, cooking, fishing, weather, fashion, music, railways, beekeeping,
    law, poetry, sailing, medicine, farming, history, birds, riddles, theatre, geology, hunting,
    painting, dance, boxing, swimming, cycling, skating, knitting, sewing, baking, brewing, trade,
    banking, shipping, mining, forestry, botany, zoology, chemistry, mathematics, grammar, opera,
    dreams, travel, houses, horses, puzzles`),
} as const satisfies Record<string, readonly string[]>;

export type ListName = keyof typeof LISTS;

export const MONTHS = list(`January, February, March, April, May, June, July, August, September,
  October, November, December`);
