export class Journal {
  private readonly lines: string[] = [];

  query(line: string): number {
    this.lines.push(line);
    return this.lines.length;
  }
}
