"""Exports line items to servers that speak the protocols of S3 (moto), Azure Blob Storage (Azurite) and,
by a translation of moto's, Google Cloud Storage: write, multipart, rewrite of what has changed, two runs
at once; and to S3 through a proxy that interferes in the middle of a run, or in which it is killed. Used
by .ci/stores."""
import hashlib, http.client, json, os, subprocess, sys, threading, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

command, pending, closed, large, s3, az = sys.argv[1:]
ORG = "5f0c1d2e3a4b5c6d7e8f9a0b"
# The account that every Azurite has, as its documentation says.
ACCOUNT = "devstoreaccount1"
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
ENV = {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x", "AWS_REGION": "us-east-1",
       "AZURE_STORAGE_ACCOUNT_NAME": ACCOUNT, "AZURE_STORAGE_ACCOUNT_KEY": KEY, "GOOGLE_BEARER_TOKEN": "x"}
began = time.monotonic()


def say(*words):
    print(f"{time.monotonic() - began:5.0f} s", *words, flush=True)


def start(base, *words, **env):
    env = {"PATH": os.environ["PATH"], "MONGODB_ATLAS_BASE_URL": base,
           "MONGODB_ATLAS_ACCESS_TOKEN": "any", **ENV, **env}
    return subprocess.Popen([command, "--today", "2025-03-09", *words], env=env, text=True,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def run(base, *words, code=0, **env):
    child = start(base, *words, **env)
    out, said = child.communicate()
    assert child.returncode == code, (words, child.returncode, said)
    return said.strip()


class S3:
    def __init__(self, bucket):
        import boto3
        self.bucket, self.url, self.endpoint = bucket, f"s3://{bucket}", s3
        self.client = boto3.client("s3", endpoint_url=s3, region_name="us-east-1",
                                   aws_access_key_id="x", aws_secret_access_key="x")
        self.client.create_bucket(Bucket=bucket)

    def names(self):
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket)
        return [o["Key"] for page in pages for o in page.get("Contents", [])]

    def get(self, name):
        return self.client.get_object(Bucket=self.bucket, Key=name)["Body"].read()

    def put(self, name, body):
        self.client.put_object(Bucket=self.bucket, Key=name, Body=body)


class Azure:
    def __init__(self, container):
        from azure.storage.blob import ContainerClient
        self.url, self.endpoint = f"az://{container}", f"{az}/{ACCOUNT}"
        self.client = ContainerClient(self.endpoint, container, credential={
            "account_name": ACCOUNT, "account_key": KEY})
        self.client.create_container()

    def names(self):
        return list(self.client.list_blob_names())

    def get(self, name):
        return self.client.download_blob(name).readall()

    def put(self, name, body):
        self.client.upload_blob(name, body)


class Google(S3):
    """The crate object_store speaks Google's XML API, which no server of PyPI or npm does: they have the
    JSON API. The two differ from S3 in conditions alone, as far as is needed here: the proxy translates
    generations to ETags."""

    def __init__(self, bucket):
        super().__init__(bucket)
        # A generation is made of an ETag, since moto has none.
        etags = {}

        def ask(head):
            given = head.pop("x-goog-if-generation-match", None)
            if given == "0":
                head["if-none-match"] = "*"
            elif given:
                head["if-match"] = etags[given]

        def told(head):
            if etag := head.get("ETag"):
                generation = head["x-goog-generation"] = str(int(hashlib.md5(etag.encode()).hexdigest()[:12], 16))
                etags[generation] = etag

        self.url, self.endpoint = f"gs://{bucket}", Proxy(lambda *_: None, ask, told).url


def verify(store, root, begun=False):
    """Every manifest is one, and what it names is there; returns what is there."""
    objects = {name: store.get(name) for name in store.names() if name.startswith(root + "/")}
    for name, text in objects.items():
        if name.startswith(root + "/_manifest/") and name.endswith(".json"):
            for file in json.loads(text)["files"]:
                body = objects[f"{root}/{file['name']}"]
                assert hashlib.sha256(body).hexdigest() == file["sha256"], file
    assert begun or not any(name.endswith(".begun") for name in objects), sorted(objects)
    return objects


def export(store, root, *words):
    return ["export", "line-items", *words, "--to", f"{store.url}/{root}", "--endpoint", store.endpoint]


def common(kind, store):
    """What holds for each kind of store."""
    line = export(store, "a/bill", "--all-orgs")
    run(pending, *line)
    before = verify(store, "a/bill")
    assert sum(name.endswith(".parquet") for name in before) == 3 * 14, len(before)
    store.put("a/bill/line_items/mine.txt", b"mine")
    said = run(closed, *line).splitlines()[-1]
    after = verify(store, "a/bill")
    changed = {name for name in before if before[name] != after[name]}
    assert all("=2025-02" in name or "=2025-03" in name for name in changed), changed
    assert any(name.endswith(".parquet") and "=2025-02" in name for name in changed)
    assert set(after) - set(before) == {"a/bill/line_items/mine.txt"}
    for name, body in after.items():
        name = name.removeprefix("a/bill/")
        if name.endswith(".parquet"):
            assert body == open("folder/" + name, "rb").read(), name
    say(f"{kind}: {len(before)} objects, the same bytes as in a folder; a second run: {said}")

    # A file of several parts, and then in another format: the first one goes.
    for form in ["jsonl", "parquet"]:
        run(large, *export(store, "parts", "--org", ORG, "--format", form))
        objects = verify(store, "parts")
        files = sorted(name for name in objects if "/_manifest/" not in name)
        assert all(name.endswith(form) for name in files) and len(files) == 14, files
        if form == "jsonl":
            assert max(map(len, objects.values())) > 2 * (8 << 20)
    say(f"{kind}: a file of several parts")

    lost = 0
    for _ in range(5):
        children = [start(closed, *line) for _ in range(2)]
        ends = [(child.communicate()[1], child.returncode) for child in children]
        for said, code in ends:
            assert code == 0 or "another run has written" in said, said
            lost += code != 0
    run(closed, *line)
    verify(store, "a/bill")
    say(f"{kind}: two runs at once: {lost} of 10 were told of the other, nothing is corrupt")


class Proxy:
    """Forwards to S3, and does `act(method, path)` before: it may return a status to respond with."""

    def __init__(self, act, ask=lambda head: None, told=lambda head: None):
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def any(self):
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                status = act(self.command, self.path)
                if status:
                    text = b"<Error><Code>Made</Code><Message>made up</Message></Error>"
                    return self.respond(status, {}, text)
                connection = http.client.HTTPConnection(urlsplit(s3).netloc)
                head = {name.lower(): value for name, value in self.headers.items()}
                ask(head)
                connection.request(self.command, self.path, body, head)
                response = connection.getresponse()
                head = {k: v for k, v in response.getheaders() if k.lower() in (
                    "etag", "last-modified", "content-type", "content-range")}
                told(head)
                length = response.getheader("content-length")
                self.respond(response.status, head, response.read(), length)

            do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = any

            def respond(self, status, head, body, length=None):
                self.send_response(status)
                for name, value in head.items():
                    self.send_header(name, value)
                self.send_header("content-length", length if self.command == "HEAD" and length else len(body))
                self.end_headers()
                self.wfile.write(body if self.command != "HEAD" else b"")

            def log_message(self, *_):
                pass

            def handle(self):
                try:
                    super().handle()
                except OSError:
                    pass  # The client was killed, or gave up.

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}"


def faults(store):
    """Another run in the middle of one, and runs that are killed."""
    period = "2024-12..2025-02"

    def through(act, root, *words):
        """An export by way of a proxy."""
        line = export(store, root, period, "--org", ORG, *words)
        return [Proxy(act).url if word == store.endpoint else word for word in line]

    # Another run writes a manifest between this run's reading of it and its writing.
    run(pending, *export(store, "race", period, "--org", ORG))
    before = verify(store, "race")
    manifest = next(name for name in before if "/_manifest/" in name and "=2025-02" in name)
    other = json.loads(before[manifest])
    other["tool_version"] = "of the other"
    def act(method, path):
        if method == "PUT" and path.endswith("2025-02.json"):
            store.put(manifest, json.dumps(other).encode())
    said = run(closed, *through(act, "race"), code=1)
    assert f"another run has written s3://{store.bucket}/{manifest}" in said, said
    assert json.loads(store.get(manifest))["tool_version"] == "of the other"
    run(closed, *export(store, "race", period, "--org", ORG))
    verify(store, "race")
    say("S3: a manifest that another run has replaced is not overwritten")

    # Killed at each of its first requests that write, one after the other.
    for number in range(1, 9):
        root, reached, writes = f"killed{number}", threading.Event(), []
        def act(method, path):
            if method in ("PUT", "POST", "DELETE"):
                writes.append(path)
                if len(writes) == number:
                    reached.set()
                    time.sleep(1)
        child = start(closed, *through(act, root, "--jobs", "1"))
        assert reached.wait(60), number
        child.kill()
        child.communicate()
        time.sleep(1.5)
        verify(store, root, begun=True)
        run(closed, *export(store, root, period, "--org", ORG, "--format", "csv"))
        files = [name for name in verify(store, root) if "/_manifest/" not in name]
        assert len(files) == 3 and all(name.endswith(".csv") for name in files), files
    say("S3: killed in the middle of eight writes, the next run leaves nothing behind")


run(closed, "export", "line-items", "--all-orgs", "--to", "folder")
bucket = S3("bucket")
common("S3", bucket)
faults(bucket)
if az:
    common("Azure", Azure("container"))
common("Google", Google("google"))
