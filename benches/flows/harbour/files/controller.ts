import type { Request, Response } from 'express';
import fs from 'fs';
import { Archive, Entry } from './archive';

export class FileController {
  constructor(private readonly archive: Archive) {}

  async read(req: Request, res: Response): Promise<void> {
    const data = await this.archive.read(req.params.name); // from file-1
    res.status(data.length ? 200 : 404).end();
  }

  async readTitle(req: Request, res: Response): Promise<void> {
    const data = await this.archive.readTitle(req.params.name);
    res.status(data.length ? 200 : 404).end();
  }

  async drop(req: Request, res: Response): Promise<void> {
    const entry = new Entry();
    entry.rename(req.body.file); // from file-2
    await this.archive.drop(entry);
    await this.archive.dropNote(entry);
    res.sendStatus(204);
  }

  store(req: Request, res: Response): void {
    this.archive.store(req.query.name as string, 'empty'); // from file-3
    res.sendStatus(204);
  }

  append(req: Request, res: Response): void {
    this.archive.append(req.body.content);
    res.sendStatus(204);
  }

  download(req: Request, res: Response): void {
    const name = decodeURIComponent(req.params.name); // from file-4
    res.download(`/srv/${name}`); // to file-4
  }

  manual(req: Request, res: Response): void {
    const name = req.params.language === 'de' ? 'handbuch.pdf' : 'manual.pdf';
    res.download(`/srv/${name}`); // clean file-4
  }

  show(req: Request, res: Response): void {
    send(res, { root: '/srv', file: req.query.file as string }); // from file-5
  }

  showFirst(req: Request, res: Response): void {
    let file = req.query.file as string;
    file = 'first.txt';
    res.sendFile(file); // clean file-5
  }

  exists(req: Request, res: Response): void {
    const names = fs.readdirSync('/srv'); // clean file-6
    res.json({ found: names.includes(req.query.file as string) });
  }
}

function send(response: Response, where: { root: string; file: string }): void {
  response.sendFile(where.root + '/' + where.file); // to file-5
}
