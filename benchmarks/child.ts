/** Processes that are asked questions, one at a time: servers, the load generator, and what is measured in process. */
import { type ChildProcess, fork } from "node:child_process";

export interface Child<Question, Answer> {
  ask(question: Question): Promise<Answer>;
  stop(): void;
}

type Reply<Answer> = { readonly answer: Answer } | { readonly error: string };

/** Starts a built file with Node alone: no loader is in what is measured. */
export function startChild<Question, Answer>(
  file: string,
  args: readonly string[] = [],
  execArgv: readonly string[] = [],
): Child<Question, Answer> {
  const child: ChildProcess = fork(file, [...args], { execArgv: [...execArgv], serialization: "json" });
  return {
    ask(question) {
      return new Promise<Answer>((resolve, reject) => {
        const exited = (): void => reject(new Error(`${file} ${args.join(" ")} ended before it answered.`));
        child.once("exit", exited);
        child.once("message", (message) => {
          child.off("exit", exited);
          const reply = message as Reply<Answer>;
          if ("error" in reply) reject(new Error(reply.error));
          else resolve(reply.answer);
        });
        child.send(question as object);
      });
    },
    stop: () => void child.disconnect(),
  };
}

/** The other end: answers until the parent lets go. */
export function answerQuestions<Question, Answer>(answer: (question: Question) => Answer | Promise<Answer>): void {
  const reply = (message: Reply<Answer>): void => void process.send?.(message);
  process.on("message", async (question) => {
    try {
      reply({ answer: await answer(question as Question) });
    } catch (error) {
      reply({ error: String((error as Error).stack ?? error) });
    }
  });
  process.once("disconnect", () => process.exit());
}
