import { encode } from "./encode.ts";
import { type DocumentCase, type FeedCase, utf8 } from "./types.ts";

/** A sentence of a language in the encoding that its texts had before UTF-8, or have. */
const SENTENCES: [language: string, encoding: string, text: string][] = [
  [
    "Welsh",
    "iso-8859-14",
    "Mae'r llong yn gadael yr harbwr am naw; mae'r dŵr yn oer, a'r tŷ yn wag.",
  ],
  ["Maltese", "iso-8859-3", "Il-vapur jitlaq fid-disgħa, u l-ħobż taż-żgħażagħ jinħema ċkejken."],
  ["Esperanto", "iso-8859-3", "La ŝipo forlasas la havenon ĉiun ĵaŭdon; eĥoŝanĝo aŭdiĝas."],
  ["Latvian", "windows-1257", "Kuģis atstāj ostu pulksten deviņos, un jūra ir mierīga."],
  ["Lithuanian", "iso-8859-13", "Laivas išplaukia iš uosto devintą valandą; žvejai grįžta vėlai."],
  ["Estonian", "iso-8859-15", "Laev väljub sadamast kell üheksa; žürii oli šokis."],
  ["Northern Sámi", "iso-8859-10", "Fanas vuolgá hámmanis; čáhci lea galmmas, ja biegga šuvvá."],
  ["Greenlandic", "iso-8859-4", "Umiarssuaĸ aallarpoĸ; imaĸ ĸajangnarpoĸ."],
  ["Icelandic", "iso-8859-1", "Skipið siglir úr höfninni klukkan níu, og þokan er þykk."],
  ["Faroese", "windows-1252", "Skipið fer úr havnini klokkan níggju, og tað er mjørki."],
  ["Turkish", "windows-1254", "Gemi saat dokuzda limandan ayrılır; ışıklar söner, şehir uyur."],
  ["Romanian", "iso-8859-16", "Nava pleacă din port la ora nouă; țărmul și marea sunt liniștite."],
  ["Polish", "iso-8859-2", "Łódź wypływa z portu o dziewiątej; żółta łuna gaśnie."],
  ["Upper Sorbian", "windows-1250", "Łódź wujědźe z přistawa w dźewjećich; žołma je ćicha."],
  ["Ukrainian", "koi8-u", "Корабель виходить із гавані о дев'ятій; її видно з ґанку."],
  ["Macedonian", "iso-8859-5", "Бродот заминува во девет; ѓурѓина, ќерка, љубов и џамија."],
  ["Belarusian", "windows-1251", "Карабель выходзіць з гавані ў дзевяць гадзін."],
  ["Greek", "iso-8859-7", "Το πλοίο φεύγει από το λιμάνι στις εννέα."],
  ["Hebrew", "windows-1255", "הספינה עוזבת את הנמל בתשע."],
  ["Arabic", "windows-1256", "تغادر السفينة الميناء في الساعة التاسعة."],
  ["Thai", "windows-874", "เรือออกจากท่าเวลาเก้าโมง"],
  ["Korean", "euc-kr", "배는 아홉 시에 항구를 떠난다."],
  ["Japanese", "euc-jp", "船は九時に港を出る。"],
  ["Traditional Chinese", "big5", "船九點離開港口。"],
  ["Simplified Chinese", "gbk", "船九点离开港口。"],
];

/** And in UTF-8, those that had none of their own. */
const UNICODE: [language: string, text: string][] = [
  ["Georgian", "გემი ცხრა საათზე ტოვებს ნავსადგურს."],
  ["Armenian", "Նավը ժամը իննին դուրս է գալիս նավահանգստից։"],
  ["Amharic", "መርከቡ በሦስት ሰዓት ወደቡን ይለቃል።"],
  ["Māori", "Ka wehe te kaipuke i te whanga i te iwa karaka; he mākū te pō."],
  ["Cherokee", "ᎠᎹᏱ ᏥᏳ ᎤᏂᎩᏒ ᏐᏁᎳ."],
  ["Tibetan", "གྲུ་གཟིངས་ཆུ་ཚོད་དགུ་པར་ཐོན་གྱི་རེད།"],
  ["Yoruba", "Ọkọ̀ ojú omi náà kúrò ní èbúté ní agogo mẹ́sàn-án."],
];

const html = (text: string, charset: string) =>
  `<!doctype html><html><head><meta http-equiv="Content-Type" content="text/html; charset=${charset}"><title>A</title></head><body><p>${text}</p></body></html>`;
const rss = (text: string, charset: string) =>
  `<?xml version="1.0" encoding="${charset}"?><rss version="2.0"><channel><title>T</title><item><title>${text}</title><link>https://example.org/a</link></item></channel></rss>`;

/** A third each: a text by the server's word, a page and a feed by their own. */
const carried = <T>(list: readonly T[], which: number) => list.filter((_, i) => i % 3 === which);

export const LANGUAGE_DOCUMENTS: DocumentCase[] = [
  ...carried(SENTENCES, 0).map(
    ([language, charset, text]): DocumentCase => ({
      name: `${language}.txt`,
      about: `${language} in ${charset}, by the server's word`,
      bytes: encode(text, charset),
      charset,
      expect: { format: "text", title: language, has: [text] },
    }),
  ),
  ...carried(SENTENCES, 1).map(
    ([language, charset, text]): DocumentCase => ({
      name: `${language}.html`,
      about: `${language} in ${charset}, by the page's word`,
      bytes: encode(html(text, charset), charset),
      expect: { format: "html", title: "A", has: [text] },
    }),
  ),
  ...UNICODE.map(
    ([language, text]): DocumentCase => ({
      name: `${language}.md`,
      about: `${language} in UTF-8, with a heading`,
      bytes: utf8(`# ${text}\n\n${text}\n`),
      expect: { format: "markdown", title: text, has: [text] },
    }),
  ),
];

export const LANGUAGE_FEEDS: FeedCase[] = carried(SENTENCES, 2).map(
  ([language, charset, text]): FeedCase => ({
    name: `rss: ${language} in ${charset}, by the feed's word`,
    bytes: encode(rss(text, charset), charset),
    expect: { entries: [{ title: text }] },
  }),
);
