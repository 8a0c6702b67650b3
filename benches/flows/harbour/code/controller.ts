import type { Request, Response } from 'express';
import vm from 'vm';
import { Calculator, Formula } from './formula';

const FORMULAS = new Map<string, string>([['area', 'a * b']]);

export class CodeController {
  private readonly calculator = new Calculator();

  evaluate = (req: Request, res: Response): void => {
    const value = eval(req.body.expression); // from code-1 // to code-1
    res.json({ value });
  };

  measure = (req: Request, res: Response): void => {
    const value = eval(String(Number(req.body.expression))); // clean code-1
    res.json({ value });
  };

  sandbox(req: Request, res: Response): void {
    const script = req.body.script ?? '1'; // from code-2
    const run = (text: string): unknown => vm.runInNewContext(text); // to code-2
    res.json(run(script));
  }

  sandboxed(req: Request, res: Response): void {
    const script = '1 + 1';
    const run = (text: string): unknown => vm.runInNewContext(text, { input: req.body.script }); // clean code-2
    res.json(run(script));
  }

  formula(req: Request, res: Response): void {
    const formula = new Formula(req.query.formula as string, 'area'); // from code-3
    res.json(this.calculator.compute(formula));
  }

  label(req: Request, res: Response): void {
    const formula = new Formula('a + b', req.query.label as string);
    res.json(this.calculator.labelled(formula));
  }

  known(req: Request, res: Response): void {
    const text = FORMULAS.get(req.params.name);
    res.json(new Function('a', 'b', `return ${text}`)(1, 2)); // clean code-4
  }

  compile(req: Request, res: Response): void {
    const parts = (req.body.lines as string[]).map((line) => line.trim()); // from code-4
    res.json(new Function(parts.join('\n'))()); // to code-4
  }

  later(req: Request, res: Response): void {
    Promise.resolve(req.body.code) // from code-5
      .then((code) => new vm.Script(code)) // to code-5
      .then(() => res.sendStatus(204));
  }

  count(req: Request, res: Response): void {
    Promise.resolve(req.body.code)
      .then((code) => code.length)
      .then((length) => new vm.Script(`${length}`)) // clean code-5
      .then(() => res.sendStatus(204));
  }
}
