import type { Request, Response } from 'express';
import axios, { AxiosInstance } from 'axios';
import { Port, Shelf } from './port';

export class RemoteController {
  constructor(private readonly port: Port) {}

  async fetchPage(req: Request, res: Response): Promise<void> {
    res.json(await this.port.load(req.query.url as string)); // from ssrf-1
  }

  async fetchPart(req: Request, res: Response): Promise<void> {
    res.json(await this.port.loadPart(req.query.url as string));
  }

  report(req: Request, res: Response): void {
    const target = { host: req.body.host, path: 'all' }; // from ssrf-2
    this.port.report(target);
    this.port.status(target);
    res.sendStatus(204);
  }

  async known(req: Request, res: Response): Promise<void> {
    res.json(await this.port.loadKnown(req.query.port as string));
  }

  async hook(req: Request, res: Response): Promise<void> {
    const urls: string[] = [];
    urls.push(req.body.url); // from ssrf-3
    for (const url of urls) {
      await fetch(url); // to ssrf-3
    }
    res.sendStatus(204);
  }

  async fixedHook(req: Request, res: Response): Promise<void> {
    const urls: string[] = ['https://port.example'];
    for (const url of urls) {
      await fetch(url, { method: 'POST', body: req.body.url }); // clean ssrf-4
    }
    res.sendStatus(204);
  }

  async post(req: Request, res: Response, client: AxiosInstance): Promise<void> {
    await push(client, req.params.address); // from ssrf-4
    res.sendStatus(204);
  }

  item(req: Request, shelf: Shelf): string | undefined {
    return shelf.get(req.params.name); // clean ssrf-5
  }

  async mirror(req: Request, res: Response): Promise<void> {
    const address = new URL(req.query.mirror as string); // from ssrf-5
    await axios.get(address.toString()); // to ssrf-5
    res.sendStatus(204);
  }

  async pages(req: Request, res: Response): Promise<void> {
    const page = Math.floor(Number(req.query.page));
    await axios.get(`https://port.example/pages/${page}`); // clean ssrf-6
    res.sendStatus(204);
  }
}

async function push(client: AxiosInstance, address: string): Promise<void> {
  await client.post('https://' + address, {}); // to ssrf-4
}
