import type { ControlMaterial, ControlQuestion } from "./types.ts";

type ReadPassage = ControlMaterial["passages"][number];

/** Texts of no special subject, written for this purpose, with questions that they answer. */
const PASSAGES: ReadPassage[] = [
  passage(
    "The lock-keeper's house",
    "The house beside the third lock was built of yellow brick in 1871. For sixty years the Harrow family lived there, and one of them was always awake when a barge came up from the mill. After the railway took the grain away, the council let the house to a painter called Edith Moll, who turned the boat shed into her studio and painted the same willow every spring.",
    ["What was the house built of?", "yellow brick"],
    ["Who turned the boat shed into her studio?", "Edith Moll"],
    ["What did she paint every spring?", "the same willow"],
  ),
  passage(
    "How bread rises",
    "Yeast feeds on the sugar in the dough and gives off carbon dioxide. Kneading lines up the proteins of the flour into a stretchy net called gluten, and the gas is caught in it as small bubbles. In a warm kitchen the dough doubles within an hour or two; in a cold pantry it takes the whole night, and many bakers say that the slow loaf tastes better.",
    ["What gas does yeast give off?", "carbon dioxide"],
    ["What is the net of proteins called?", "gluten"],
    ["How long does the dough take in a cold pantry?", "the whole night"],
  ),
  passage(
    "The bus to Fenwick",
    "Route 14 leaves the market square at ten past each hour and reaches Fenwick after thirty-five minutes. It stops at the hospital, at the brickworks and, on request, at the farm shop. On Sundays it runs only four times. The fare is two pounds, and children under five travel free. Since March the bus has been electric, and the driver says that she misses the noise.",
    ["Which route goes to Fenwick?", "Route 14"],
    ["What is the fare?", "two pounds"],
    ["Since when has the bus been electric?", "March"],
  ),
  passage(
    "A garden in dry soil",
    "Where rain is rare, it helps to plant in autumn, so that roots have the winter to grow down. Lavender, thyme and sage ask for little water once they are settled. A layer of gravel keeps the soil cool and the weeds away. Water seldom and deeply, in the evening: a little every day draws the roots up to where the sun dries them out.",
    ["When does it help to plant?", "autumn"],
    ["What keeps the soil cool?", "A layer of gravel"],
    ["At what time of day should one water?", "the evening"],
  ),
  passage(
    "The night train",
    "The sleeper left platform nine at 22:40 with eleven carriages, two of them empty. Mr Okafor, who had taken it every month for eight years, put his shoes under the berth and his ticket in his hat. Somewhere after the border the heating failed. By morning the passengers of carriage six had made tea for everybody on a camping stove, against all rules, and the guard drank two cups.",
    ["From which platform did the sleeper leave?", "platform nine"],
    ["Where did Mr Okafor put his ticket?", "in his hat"],
    ["What failed after the border?", "The heating"],
  ),
  passage(
    "Why the sea is salt",
    "Rain is slightly acid, since it takes up carbon dioxide from the air. It wears away rock and carries what it dissolves down the rivers. In the sea the water evaporates and the salts stay behind, a little more each year. Chloride and sodium make up most of them. A litre of sea water holds about thirty-five grams of salt; the Dead Sea holds ten times as much.",
    ["What does rain take up from the air?", "carbon dioxide"],
    ["How much salt does a litre of sea water hold?", "about thirty-five grams"],
    ["What makes up most of the salts?", "Chloride and sodium"],
  ),
  passage(
    "The reading room",
    "The library of Oster opened its reading room in 1902 with forty oak chairs, a stove and a rule of silence. The stove went in 1954 and most of the chairs soon after. What is left of the rule is a small brass bell on the desk, which the librarian rings once, softly, when two people argue about a crossword. It was rung three times last year.",
    ["When did the reading room open?", "1902"],
    ["How many oak chairs did it have?", "forty"],
    ["What stands on the desk?", "a small brass bell"],
  ),
  passage(
    "Mending a bicycle tyre",
    "Take the wheel off and lever one side of the tyre over the rim. Pull the tube out, pump it up and hold it under water: bubbles show where the hole is. Dry it, roughen the rubber with sandpaper and spread a thin layer of glue. Wait five minutes before you press the patch on. Feel the inside of the tyre for the thorn, or tomorrow you will do it again.",
    ["What shows where the hole is?", "bubbles"],
    ["What is the rubber roughened with?", "sandpaper"],
    ["How long does one wait before the patch is pressed on?", "five minutes"],
  ),
];

/** Closed-book questions that many models can answer; the ones that a model cannot are left out. */
const QUESTIONS: ControlQuestion[] = (
  [
    ["What is the capital of France?", "Paris"],
    ["What is the capital of Japan?", "Tokyo"],
    ["What is the capital of Italy?", "Rome"],
    ["What is the capital of Egypt?", "Cairo"],
    ["What is the capital of Canada?", "Ottawa"],
    ["What is the capital of Australia?", "Canberra"],
    ["What is the capital of Norway?", "Oslo"],
    ["What is the capital of Spain?", "Madrid"],
    ["What is the capital of Greece?", "Athens"],
    ["What is the capital of Poland?", "Warsaw"],
    ["What is the capital of Kenya?", "Nairobi"],
    ["What is the capital of Peru?", "Lima"],
    ["What is the largest planet of the solar system?", "Jupiter"],
    ["Which planet is closest to the Sun?", "Mercury"],
    ["What is the chemical symbol of gold?", "Au"],
    ["What is the chemical symbol of iron?", "Fe"],
    ["What is the chemical formula of water?", "H2O"],
    ["Which gas do plants take in from the air?", "Carbon dioxide"],
    ["Who wrote Hamlet?", "William Shakespeare"],
    ["Who wrote Pride and Prejudice?", "Jane Austen"],
    ["Who wrote War and Peace?", "Leo Tolstoy"],
    ["Who painted the Mona Lisa?", "Leonardo da Vinci"],
    ["Who developed the theory of general relativity?", "Albert Einstein"],
    ["Who proposed the theory of evolution by natural selection?", "Charles Darwin"],
    ["In which year did the Second World War end?", "1945"],
    ["In which year did the First World War begin?", "1914"],
    ["In which year did people first land on the Moon?", "1969"],
    ["In which year did the Berlin Wall fall?", "1989"],
    ["How many days does a leap year have?", "366"],
    ["How many sides does a hexagon have?", "6"],
    ["How many continents are there?", "7"],
    ["How many minutes are there in an hour?", "60"],
    ["What is the square root of 144?", "12"],
    ["What is 7 times 8?", "56"],
    ["What is the longest river of South America?", "The Amazon"],
    ["What is the highest mountain on Earth?", "Mount Everest"],
    ["What is the largest ocean?", "The Pacific Ocean"],
    ["On which continent is the Sahara?", "Africa"],
    ["Which language is spoken in Brazil?", "Portuguese"],
    ["What is the currency of Japan?", "The yen"],
    ["Which organ pumps blood through the body?", "The heart"],
    ["What do bees make?", "Honey"],
    ["What is the opposite of hot?", "Cold"],
    ["What is the first letter of the Greek alphabet?", "Alpha"],
    ["What is frozen water called?", "Ice"],
    ["Which metal is liquid at room temperature?", "Mercury"],
    ["What is the study of living things called?", "Biology"],
    ["Which instrument has 88 keys?", "The piano"],
  ] as const
).map(([question, answer]) => ({ question, answer, about: question }));

/** What any model is asked that knows the real world. */
export const GENERAL: ControlMaterial = {
  texts: PASSAGES.map(({ title, text }) => ({ title, text })),
  questions: QUESTIONS,
  passages: PASSAGES,
};

function passage(title: string, text: string, ...pairs: [string, string][]): ReadPassage {
  return { title, text, questions: pairs.map(([question, answer]) => ({ question, answer })) };
}
