import { exec, execFile, spawn } from 'child_process';

export interface Job {
  tool: string;
  target: string;
  label: string;
}

export class Toolbox {
  private last = '';

  constructor(private readonly folder: string) {}

  ping(host: string): void {
    exec('ping -c 1 ' + host); // to command-1
  }

  resolve(host: string): void {
    execFile('nslookup', [host]); // clean command-1
  }

  run(job: Job): void {
    spawn(job.tool, [job.target]); // to command-2
  }

  describe(job: Job): void {
    exec('logger ' + job.label); // clean command-2
  }

  remember(line: string): Toolbox {
    this.last = line;
    return this;
  }

  repeat(): void {
    exec(this.last); // to command-3
  }

  version(tool: Tool): void {
    exec(`${this.folder}/${tool.name()} --version`); // clean command-3
  }
}

export class Tool {
  constructor(private readonly words: string) {}

  name(): string {
    return this.words.length > 3 ? 'tar' : 'gzip';
  }
}

export class Ledger {
  exec(line: string): number {
    return line.length;
  }
}
