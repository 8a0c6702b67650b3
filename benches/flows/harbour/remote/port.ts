import type { AxiosInstance } from 'axios';
import http from 'http';

export interface Target {
  host: string;
  path: string;
}

export class Port {
  private readonly known = new Map<string, string>([['north', 'https://north.example']]);

  constructor(private readonly client: AxiosInstance) {}

  load(url: string): Promise<unknown> {
    return this.client.get(url); // to ssrf-1
  }

  loadPart(name: string): Promise<unknown> {
    return this.client.get('https://port.example/' + encodeURIComponent(name)); // clean ssrf-1
  }

  report(target: Target): void {
    http.get(`http://${target.host}/report`); // to ssrf-2
  }

  status(target: Target): void {
    http.get(`http://port.example/${target.path}`); // clean ssrf-2
  }

  loadKnown(name: string): Promise<unknown> {
    const url = this.known.get(name);
    return this.client.get(url as string); // clean ssrf-3
  }
}

export class Shelf {
  private readonly items = new Map<string, string>();

  get(name: string): string | undefined {
    return this.items.get(name);
  }
}
