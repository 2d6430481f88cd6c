import { useEffect, useState } from "react";
import { sessionClient } from "sojourn/client";

/** Hears of a logout elsewhere at once. What it shows protects nothing: each request is judged by the server. */
export function SessionWatch() {
  const [over, setOver] = useState(false);
  useEffect(() => {
    const client = sessionClient();
    const stop = client.subscribe(() => setOver(client.get().status === "anonymous"));
    return () => {
      stop();
      client.close();
    };
  }, []);
  return over && <p role="alert">This session has ended. Log in again.</p>;
}
