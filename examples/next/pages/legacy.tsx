import type { GetServerSideProps } from "next";
import { openSession } from "sojourn/node";
import { sessions } from "../lib/manager";

interface Props {
  user: string | null;
  count: number;
}

/** A page of the Pages Router, which may change the session as it renders. */
export const getServerSideProps: GetServerSideProps<Props> = async ({ req, res }) => {
  const session = await openSession(sessions, req, res);
  if (!session) return { notFound: true };
  session.data.count = (session.data.count ?? 0) + 1;
  return { props: { user: session.userId ?? null, count: session.data.count } };
};

export default function Legacy({ user, count }: Props) {
  return (
    <main>
      <h1>{user ? `Welcome, ${user}` : "Welcome"}</h1>
      <p>
        Count: <strong>{count}</strong>
      </p>
    </main>
  );
}
