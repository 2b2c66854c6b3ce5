/** Everyday words of which the world has few, so that ordinary text is not spelled letter by letter. */
export const EVERYDAY = `
the be to of and a in that have I it for not on with he as you do at this but his by from they we
say her she or an will my one all would there their what so up out if about who get which go me
when make can like time no just him know take people into year your good some could them see other
than then now look only come its over think also back after use two how our work first well way
even new want because any these give day most us is are was were been has had did does said made
went found each more many such where why here very much should own still between last long great
little old same right through while before must might too under never again another those world
house home life hand part place small number water name high end both find help every next left
story fact read write learn remember answer question passage page line word true false yes hello
thank please sorry today tomorrow yesterday week month morning night white black open close begin
start state city country war school student family group problem system company government report
news source science music paper light river sea town north south east west king queen three four
five six seven eight nine ten hundred thousand million percent per can't don't isn't it's that's
`
  .trim()
  .split(/\s+/);
