/**
 * Evidence about the mean of values between −1 and 1 that come one after another, by betting on each
 * before it is seen: a bettor who believes the mean to be on one side of `limit` multiplies a capital of
 * 1 by 1 + λ(x − m). If the mean is not on that side the capital is a supermartingale, so it ever
 * reaches 1/α with probability α at most (Ville's inequality): one may look after every value and stop
 * when one likes. Bets are aGRAPA's of Waudby-Smith & Ramdas, "Estimating means of bounded random
 * variables by betting" (JRSS-B 2024, arXiv 2010.09686, section B.3).
 */
export class Evidence {
  private above = 0;
  private below = 0;
  private count = 0;
  private sum = 0;
  /** Of (x − mean before x)², with one imagined value of 1/4 beforehand. */
  private spread = 0.25;
  private readonly m: number;

  /** @param limit between −1 and 1 */
  constructor(limit: number) {
    if (!(limit > -1 && limit < 1))
      throw new RangeError(`A limit of ${limit} is not within −1 and 1.`);
    this.m = (1 + limit) / 2;
  }

  /** @param value between −1 and 1 */
  add(value: number): void {
    if (!(value >= -1 && value <= 1)) throw new RangeError(`${value} is not within −1 and 1.`);
    const x = (1 + value) / 2;
    const mean = (0.5 + this.sum) / (this.count + 1);
    const variance = this.spread / (this.count + 1);
    const edge = mean - this.m;
    const bet = edge / (variance + edge * edge);
    const up = Math.min(Math.max(bet, 0), BOLDNESS / this.m);
    const down = Math.max(Math.min(bet, 0), -BOLDNESS / (1 - this.m));
    this.above += Math.log1p(up * (x - this.m));
    this.below += Math.log1p(down * (x - this.m));
    this.spread += (x - mean) ** 2;
    this.sum += x;
    this.count += 1;
  }

  /** How strongly the values speak for a mean above the limit: an e-value, 1 says nothing. */
  get over(): number {
    return Math.exp(this.above);
  }

  /** The same for a mean below it. */
  get under(): number {
    return Math.exp(this.below);
  }

  /** The mean of the values; 0 of none. */
  get mean(): number {
    return this.count === 0 ? 0 : (2 * this.sum) / this.count - 1;
  }
}

/** Share of what could be bet that is bet at most: no single value can take all of the capital. */
const BOLDNESS = 0.75;

/** An e-value from which it is believed: it is reached by chance in at most one case of 20. */
export const ENOUGH = 20;
