import fs from 'fs';
import { readFile, unlink } from 'fs/promises';
import path from 'path';

export class Archive {
  constructor(private readonly folder: string) {}

  read(name: string): Promise<Buffer> {
    return readFile(this.place(name)); // to file-1
  }

  readTitle(name: string): Promise<Buffer> {
    return readFile(path.join(this.folder, path.basename(name))); // clean file-1
  }

  private place(name: string): string {
    return path.join(this.folder, name);
  }

  async drop(entry: Entry): Promise<void> {
    await unlink(entry.file); // to file-2
  }

  async dropNote(entry: Entry): Promise<void> {
    await unlink(entry.note); // clean file-2
  }

  store(name: string, content: string): void {
    fs.writeFileSync(this.place(name), content); // to file-3
  }

  append(content: string): void {
    fs.appendFileSync('/srv/archive/log.txt', content); // clean file-3
  }
}

export class Entry {
  file = '';
  note = 'none';

  rename(file: string): void {
    this.file = file;
  }
}
