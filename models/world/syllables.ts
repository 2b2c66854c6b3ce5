/** The sounds that invented names are made of. */

const words = (text: string): string[] => text.trim().split(/\s+/);

/** Begin a name's first syllable. */
export const ONSETS = words(`
  B Br C Ch Cl Cr D Dr E F Fl Fr G Gl Gr H I J K Kl Kr L M N O Or P Pr Qu R S Sh Sk Sl St T Th Tr
  U V W Y Z A
`);

/** End a name's first syllable. */
export const RIMES = words(`
  al an ar as ed el en er il in ir ol on or os ul un ur ask eld erm ind olt orn ust ax
`);

/** Stand between first and last syllable of longer names. */
export const MIDDLES = words(`
  a e i o u an el en er in is or ul am et id om un ave iri ola
`);

/** End a name: the sounds that make it a place or a family. */
export const TAILS = words(`
  bay beck berg bor bray bridge burn by cai cott croft da dale dan dell den dor dova dra fax fell
  fen field fin ford frey gar gard gate gau gen glen gor grave guil ham hart haven heim hide holm
  horn hurst jan jen kald kar keld kin kirk kov la lan lech leigh lin lock lund ly mar mark mere
  mel met min moor mora mund nack ner ness nik nor nova nut pan pel per phor pike ping pool quay
  quin rad rak rath ren rick rill rock roth rove rum ryn sal san sby sen set shaw sil sko son stad
  stead sten stow strand sul sund swell tal tan tark teg ten thal thorp thwick tin tol ton tor trop
  tun va vale van veld ven ver vik vin vold vor wald wall wan ward wark way well wen wick win wold
  worth wyn xan yan yard yeld zar zen zil zor
`);

/** Begin a given name. */
export const GIVEN_HEADS = words(`
  Ab Ad Al An As Av Bas Ben Bet Bri Cal Cas Con Cor Dan Dav Del Dor Ed El Em Er Ev Fab Fay Fen Flor
  Gal Ger Gus Hal Han Hed Hol Id Il Im Ing Jan Jar Jo Jul Kar Kat Kor Lar Leo Lin Lor Lud Mag Mar
  Mat Mil Mir Nad Nel Nor Od Ol Os Pau Pet Ral Ren Ros Sab Sel Sig Sim Sol Tam Ted Til Tov Ul Ver
  Vic Wal Wil Yar Zel
`);
export const GIVEN_TAILS_SHE = words(
  "a da ela ena etta ia ika ina isa ita ka la na ora sa ra wen yn",
);
export const GIVEN_TAILS_HE = words("an ar as ek en er ic in is mar mon o on or rik ton us win");
