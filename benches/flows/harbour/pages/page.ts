export class Page {
  private readonly parts: string[] = [];

  constructor(private readonly title: string) {}

  add(part: string): void {
    this.parts.push(part);
  }

  body(): string {
    return this.parts.join('\n');
  }

  render(): string {
    return `<h1>${this.title}</h1>` + this.body();
  }
}

export class Mailer {
  private readonly outbox: string[] = [];

  send(text: string): void {
    this.outbox.push(text);
  }

  async preview(text: string): Promise<string> {
    return `<pre>${text}</pre>`;
  }
}
