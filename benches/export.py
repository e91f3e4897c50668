#!/usr/bin/env python3
"""Line items to Parquet: `atlas-billing export` beside curl with DuckDB, and requests with PyArrow.

    cargo build --release -p atlas-billing-benches
    cargo build --release -p atlas-billing-cli --features parquet
    python3 -m venv target/python && target/python/bin/pip install duckdb==2.0.1 pyarrow==26.0.1 requests
    target/python/bin/python benches/export.py [--items 1000000] [--rounds 5]

The server is that of the benchmarks, in a process of its own. Each way runs in processes of its own, in
turn within a round; the table has medians, and the largest peak of a process. All have to see the same
rows and cents. This process imports nothing large: a child's peak counts its parent's as well."""
import argparse, json, os, shutil, subprocess, sys, tempfile, time
from statistics import median

OURS = "export"
DUCKDB = """
import duckdb, sys
duckdb.sql(f'''COPY (SELECT unnest(item) FROM (SELECT unnest(lineItems) AS item FROM read_json(
    '{sys.argv[1]}', maximum_object_size = {int(sys.argv[3])}))) TO '{sys.argv[2]}' (COMPRESSION zstd)''')
"""
PYARROW = """
import pyarrow, pyarrow.parquet, requests, sys
items = requests.get(sys.argv[1], headers={'accept': sys.argv[3]}).json()['lineItems']
pyarrow.parquet.write_table(pyarrow.Table.from_pylist(items), sys.argv[2], compression='zstd')
"""
SEEN = """
import pyarrow.compute, pyarrow.parquet, sys
file = pyarrow.parquet.ParquetFile(sys.argv[1])
name = next(name for name in file.schema_arrow.names if name.lower().replace('_', '') == 'totalpricecents')
cents = file.read([name])[name]
print(len(cents), int(pyarrow.compute.sum(cents).as_py()))
"""
ZSTD = """
import pyarrow, shutil, sys
with open(sys.argv[1], 'rb') as plain, pyarrow.CompressedOutputStream(sys.argv[2], 'zstd') as packed:
    shutil.copyfileobj(plain, packed, 1 << 20)
"""
MEDIA = "application/vnd.atlas.2023-01-01+json"


class Figures:
    """Wall and processor time, and the largest peak of what was run."""

    def __init__(self):
        self.wall, self.cpu, self.peak = 0, 0, 0

    def run(self, *line, env=None):
        began = time.monotonic()
        child = subprocess.Popen(line, env=env, stdout=subprocess.DEVNULL)
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        assert child.returncode == 0, (line, child.returncode)
        self.wall += time.monotonic() - began
        self.cpu += usage.ru_utime + usage.ru_stime
        self.peak = max(self.peak, usage.ru_maxrss / 1024)
        return self


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--items", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--target", default=os.environ.get("CARGO_TARGET_DIR", "target"))
    args = parser.parse_args()
    release = os.path.abspath(os.path.join(args.target, "release"))
    id = f"{args.items:024x}"
    python = sys.executable
    server = subprocess.Popen([f"{release}/atlas-billing-benches", "serve"], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, text=True)
    work = tempfile.mkdtemp()
    try:
        base = server.stdout.readline().strip()
        url = f"{base}/api/atlas/v2/orgs/{id}/invoices/{id}"
        path = lambda name: os.path.join(work, name)
        env = {"PATH": os.environ["PATH"], "MONGODB_ATLAS_BASE_URL": base, "MONGODB_ATLAS_ACCESS_TOKEN": "any"}

        def ours(form):
            shutil.rmtree(path("bill"), ignore_errors=True)
            figures = Figures().run(f"{release}/atlas-billing", "-q", "export", "line-items", "--org", id,
                                    "--format", form, "--to", path("bill"), env=env)
            file = f"bill/line_items/org_id={id}/billing_period=2025-01/{id}.{form}"
            return figures, path(file)

        def duckdb():
            figures = Figures().run("curl", "-sf", "-H", f"accept: {MEDIA}", "-o", path("body.json"), url)
            size = os.path.getsize(path("body.json"))
            figures.run(python, "-c", DUCKDB, path("body.json"), path("duckdb.parquet"), str(size + 1))
            return figures, path("duckdb.parquet")

        def pyarrow():
            figures = Figures().run(python, "-c", PYARROW, url, path("pyarrow.parquet"), MEDIA)
            return figures, path("pyarrow.parquet")

        ways = {OURS: lambda: ours("parquet"), "curl + DuckDB": duckdb, "requests + PyArrow": pyarrow}
        # The server makes the items once, which is not to be measured.
        Figures().run("curl", "-sf", "-o", "/dev/null", url)
        taken, size, seen = {name: [] for name in ways}, {}, {}
        for round in range(args.rounds):
            for name, way in ways.items():
                print(f"round {round + 1} of {args.rounds}: {name}", file=sys.stderr)
                figures, file = way()
                taken[name].append(figures)
                size[name] = os.path.getsize(file)
                if round == 0:
                    seen[name] = subprocess.check_output([python, "-c", SEEN, file], text=True).split()
        assert len(set(map(tuple, seen.values()))) == 1 and seen[OURS][0] == str(args.items), seen
        _, file = ours("jsonl")
        Figures().run(python, "-c", ZSTD, file, path("jsonl.zst"))
        body, packed = os.path.getsize(path("body.json")), os.path.getsize(path("jsonl.zst"))
    finally:
        server.kill()
        shutil.rmtree(work)
    print(f"{args.items} line items, {body >> 20} MiB of JSON, medians of {args.rounds} rounds\n")
    print("| way | wall s | (fastest, slowest) | cpu s | peak MiB | Parquet MiB |")
    print("| --- | ---: | ---: | ---: | ---: | ---: |")
    for name, all in taken.items():
        walls = sorted(figures.wall for figures in all)
        print(f"| {name} | {median(walls):.2f} | {walls[0]:.2f}, {walls[-1]:.2f} "
              f"| {median(figures.cpu for figures in all):.2f} "
              f"| {max(figures.peak for figures in all):.0f} | {size[name] / 2**20:.1f} |")
    print(f"\nThe same records as JSON lines with zstd: {packed / 2**20:.1f} MiB.")


main()
