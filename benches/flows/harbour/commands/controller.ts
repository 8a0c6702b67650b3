import type { Request, Response } from 'express';
import { exec, execSync } from 'child_process';
import { Job, Ledger, Tool, Toolbox } from './toolbox';

const TOOLS: Record<string, string> = { sort: 'sort -u', count: 'wc -l' };

export class CommandController {
  constructor(private readonly toolbox: Toolbox) {}

  ping(req: Request, res: Response): void {
    this.toolbox.ping(req.query.host as string); // from command-1
    res.sendStatus(204);
  }

  resolve(req: Request, res: Response): void {
    this.toolbox.resolve(req.query.host as string);
    res.sendStatus(204);
  }

  run(req: Request, res: Response): void {
    const job: Job = { tool: req.body.tool, target: 'all', label: 'run' }; // from command-2
    this.toolbox.run(job);
    this.toolbox.describe(job);
    res.sendStatus(204);
  }

  repeat(req: Request, res: Response): void {
    this.toolbox.remember(req.params.line); // from command-3
    this.toolbox.repeat();
    res.sendStatus(204);
  }

  version(req: Request, res: Response): void {
    this.toolbox.version(new Tool(req.params.tool));
    res.sendStatus(204);
  }

  pack(req: Request, res: Response): void {
    const { name } = req.body; // from command-4
    const line = ['tar', 'cf', name].join(' ');
    execSync(line); // to command-4
    res.sendStatus(204);
  }

  sort(req: Request, res: Response): void {
    const line = TOOLS[req.query.tool as string];
    execSync(line); // clean command-4
    res.sendStatus(204);
  }

  note(req: Request, ledger: Ledger): void {
    ledger.exec(req.body.line); // clean command-5
  }

  compress(req: Request, res: Response): void {
    let level = req.query.level as string; // from command-5
    if (!level) {
      level = '9';
    }
    exec(`gzip -${level} today.log`, () => res.sendStatus(204)); // to command-5
  }

  depth(req: Request, res: Response): void {
    const level = parseInt(req.query.level as string, 10);
    exec(`gzip -${level} today.log`, () => res.sendStatus(204)); // clean command-6
  }
}
