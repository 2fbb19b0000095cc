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

  add(article: Article, count = 1): void {
    const line = this.lines.find((candidate) => candidate.article.id === article.id);
    if (line) line.count += count;
    else this.lines.push({ article, count });
  }

  /** What the customer pays, with a tenth off above a hundred. */
  total(): number {
    const sum = this.lines.reduce((cents, line) => cents + line.article.cents * line.count, 0);
    return sum > 10_000 ? Math.round(sum * 0.9) : sum;
  }

  isEmpty(): boolean {
    return this.lines.length === 0;
  }
}

/** Turns an amount in cents into text for people, such as 12.50. */
export function formatPrice(cents: number): string {
  return `${Math.floor(cents / 100)}.${String(cents % 100).padStart(2, "0")}`;
}
