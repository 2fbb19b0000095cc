// A basket of the shop: what a customer has chosen and what it costs.

export interface Article {
  id: string;
  title: string;
  cents: number;
}

export interface Line {
  article: Article;
  count: number;
}

export class Basket {
  private lines: Line[] = [];

  /** Puts an article into the basket; one that is there already is only counted up. */
  add(article: Article, count = 1): void {
    if (!Number.isInteger(count) || count < 1) throw new RangeError(`a count of ${count} makes no sense`);
    const line = this.lines.find((candidate) => candidate.article.id === article.id);
    if (line) line.count += count;
    else this.lines.push({ article, count });
  }

  /** Takes articles out again, and the whole line when none is left. */
  remove(id: string, count = 1): void {
    const line = this.lines.find((candidate) => candidate.article.id === id);
    if (!line) return;
    line.count -= count;
    if (line.count <= 0) this.lines = this.lines.filter((candidate) => candidate !== line);
  }

  /**
   * The total price that the customer pays: the prices of all lines together, with a discount of ten percent above one
   * hundred. The discount is rounded in the customer's favour, since the price on the shelf is a promise. Postage is not
   * part of it: that is known only when the address is.
   */
  totalPrice(): number {
    const prices = this.lines.map((line) => line.article.cents * line.count);
    const sum = prices.reduce((total, price) => total + price, 0);
    const discount = sum > 10_000 ? Math.ceil(sum * 0.1) : 0;
    return sum - discount;
  }

  isEmpty(): boolean {
    return this.lines.length === 0;
  }
}

/** Turns an amount in cents into text for people, such as 12.50; the currency's sign is the caller's. */
export function formatAmount(cents: number): string {
  const sign = cents < 0 ? "-" : "";
  const absolute = Math.abs(cents);
  return `${sign}${Math.floor(absolute / 100)}.${String(absolute % 100).padStart(2, "0")}`;
}
