import { expect, test } from "bun:test";
import { databaseAt } from "../../src/relay/database-url.ts";

const at = (url: string) =>
  databaseAt(url, {
    ...{ user: "own", password: "of-variable" },
    readFile: () => Promise.reject(new Error("there are no files")),
  });

test("the URL of a database gives the address, the user, the password and the name", async () => {
  const { options, place } = await at("postgresql://us%40er:p%2Fw@db.example:6432/my%20shop?sslmode=require");
  expect(place).toBe("db.example:6432/my shop");
  expect(options).toMatchObject({
    ...{ hostname: "db.example", port: 6432, username: "us@er", password: "p/w", database: "my shop", tls: "require" },
  });
});

test("what the URL of a database lacks has a default, and the password may be given apart from it", async () => {
  const { options, place } = await at("postgres://shop@[::1]");
  expect(place).toBe("[::1]:5432/shop");
  expect(options).toMatchObject({
    hostname: "::1",
    port: 5432,
    database: "shop",
    password: "of-variable",
    tls: "prefer",
  });
});

test("the parameter host of a database's URL is the directory of a Unix socket", async () => {
  const { options, place } = await at("postgres:///orders?host=/run/postgresql");
  expect(place).toBe("/run/postgresql/orders");
  expect(options).toMatchObject({ path: "/run/postgresql/.s.PGSQL.5432", username: "own", database: "orders" });
  expect(options).not.toHaveProperty("hostname");
});

test("an invalid URL of a database is reported without any part of it", async () => {
  for (const url of [
    "secret",
    "mysql://u:secret@h/d",
    "postgres://u:secret%@h/d",
    "postgres://u@h/d?password=secret",
    "postgres://u@h/d?secret=1",
    "postgres://u@h/d?sslmode=secret",
  ]) {
    const error = await at(url).catch((problem: Error) => problem);
    expect(error).toMatchObject({ name: "DatabaseUrlInvalid", message: expect.not.stringContaining("secret") });
  }
});
