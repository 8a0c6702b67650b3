export class Formula {
  constructor(
    readonly text: string,
    readonly title: string,
  ) {}
}

export class Calculator {
  compute(formula: Formula): unknown {
    return this.run(formula.text);
  }

  labelled(formula: Formula): unknown {
    return [formula.title, this.constant(formula.text)];
  }

  private run(text: string): unknown {
    return eval(text); // to code-3
  }

  private constant(text: string): unknown {
    return eval(text); // clean code-3
  }
}
