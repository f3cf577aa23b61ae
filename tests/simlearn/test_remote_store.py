"""Data sets at URLs: against an S3 server whose requests fail on purpose, a folder behind file://, and memory."""

import json
import os
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

import boto3
import fsspec
import pytest
import s3_server
import tiny_world

import simlearn.lease
import simlearn.remote
from scenes.errors import UserError
from simlearn.engines import ENGINES
from simlearn.manifest import Manifest
from simlearn.remote import RemoteStore
from simlearn.verify import verify

SCENES = 5
PROGRAM = f"""
import sys
sys.path.insert(0, {str(Path(__file__).parent)!r})
import simlearn.lease, tiny_world
simlearn.lease.BEAT_S = 0.2
if __name__ == "__main__":
    tiny_world.make(sys.argv[1], scenes={SCENES}, workers=1, resume=True)
"""


def here(function, tasks, workers, address):  # noqa: ARG001
    """An engine without processes, for tests of what happens to the output."""
    for task in tasks:
        yield function(task)


def make(out, **overrides):
    if "here" not in ENGINES:
        ENGINES.add("here", "test_remote_store:here")
    return tiny_world.make(out, **({"scenes": SCENES, "engine": "here"} | overrides))


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """As in workers: Blosc writes its number of threads into what it packs."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BLOSC_NTHREADS", "1")
        yield


@pytest.fixture(scope="module")
def reference(tmp_path_factory):
    out = tmp_path_factory.mktemp("reference") / "data"
    make(out)
    return tiny_world.contents(out)


@pytest.fixture(scope="module")
def server():
    with s3_server.serving() as faulty:
        yield faulty


@pytest.fixture
def s3(server, request):
    """(server, URL of a folder of its own)."""
    server.faults = {}
    server.requests = []
    return server, f"s3://{s3_server.BUCKET}/{request.node.name}"


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    monkeypatch.setattr(simlearn.remote, "PAUSES_S", (0.01, 0.01))
    monkeypatch.setattr(simlearn.lease, "BEAT_S", 0.1)
    monkeypatch.setattr(simlearn.lease, "STALE_S", 1.0)


def fetch(url, folder):
    """Download by a client that knows nothing of fsspec; returns `contents`."""
    bucket, _, prefix = url.removeprefix("s3://").partition("/")
    for page in boto3.client("s3").get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix + "/"):
        for entry in page.get("Contents", []):
            path = folder / entry["Key"].removeprefix(prefix + "/")
            path.parent.mkdir(parents=True, exist_ok=True)
            boto3.client("s3").download_file(bucket, entry["Key"], str(path))
    return tiny_world.contents(folder)


def test_what_is_fetched_is_what_a_folder_would_hold(s3, tmp_path, reference):
    _, url = s3
    summary = make(url + "/")
    assert str(summary).startswith(f"{url}/: {SCENES} scenes")
    assert fetch(url, tmp_path) == reference
    assert verify(tmp_path, progress=False) == []


def test_resume_of_a_complete_one_renders_nothing_and_another_setting_is_named(s3):
    _, url = s3
    make(url, scenes=1)
    assert make(url, scenes=1, resume=True).rendered == 0
    with pytest.raises(UserError, match="begun with seed 5, not 6"):
        make(url, scenes=1, resume=True, seed=6)
    with pytest.raises(UserError, match="already holds a data set"):
        make(url, scenes=1)


def test_a_place_with_other_things_is_refused(s3):
    _, url = s3
    boto3.client("s3").put_object(Bucket=s3_server.BUCKET, Key=f"{url.split('/')[-1]}/papers/thesis.tex", Body=b"irreplaceable")
    with pytest.raises(UserError, match="not empty and holds no data set"):
        make(url, resume=True)


@pytest.mark.parametrize("fault", ["cut", "flip", "drop", "ServiceUnavailable"])
def test_an_upload_that_fails_is_repeated(s3, tmp_path, reference, fault):
    server, url = s3
    server.faults = {("PUT", "/shards/"): [fault, "", fault, fault], ("PUT", "/manifest"): [fault]}
    make(url)
    assert not any(server.faults.values()), "the faults did not happen"
    assert fetch(url, tmp_path) == reference


def test_uploads_that_fail_for_long_stop_the_run_with_a_sentence_and_resume_finishes_it(s3, tmp_path, reference):
    server, url = s3
    server.faults = {("PUT", "/scene_000003"): ["cut"] * 3}
    with pytest.raises(UserError, match=r"cannot write shards/scene_000003\.h5 to s3://.* bytes arrived.*--resume"):
        make(url)
    with pytest.raises(UserError, match=r"unfinished.*--resume"):
        make(url)
    assert make(url, resume=True).rendered == (SCENES - 3) * 3
    assert fetch(url, tmp_path) == reference


def test_no_upload_is_left_on_this_machine(s3, tmp_path, monkeypatch):
    server, url = s3
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    server.faults = {("PUT", "/scene_000001"): ["cut"] * 3}
    with pytest.raises(UserError):
        make(url)
    assert list(tmp_path.iterdir()) == []


def test_uploads_of_killed_processes_are_deleted_and_those_of_living_ones_are_not(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    killed, young, living = (tmp_path / f"{simlearn.remote.SCRATCH}{name}" for name in ("killed", "young", "living"))
    for folder in (killed, young, living):
        folder.mkdir()
    for folder in (killed, living):
        os.utime(folder, (0, 0))
    with simlearn.remote._held(living):
        simlearn.remote._sweep_scratch.__wrapped__()
    assert sorted(tmp_path.iterdir()) == sorted([young, living])


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks for left-over processes in /proc")
def test_killed_then_resumed_is_byte_identical_and_nobody_else_gets_in(s3, tmp_path, reference, capsys):
    from test_generate import living, wait_until

    server, url = s3
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    environment = {**os.environ, "TINY_DELAY_S": "0.15"}
    process = subprocess.Popen([sys.executable, str(program), url], env=environment, start_new_session=True)
    wait_until(lambda: any(method == "PUT" and "/journal/" in path for method, path in server.requests), limit_s=120)
    with pytest.raises(UserError, match=r"another process is generating into s3://.*process \d+ on "):
        make(url, resume=True)
    process.kill()
    process.wait()
    wait_until(lambda: not living(process.pid))
    with pytest.raises(UserError, match="unfinished"):
        make(url)  # waits until the lease is stale
    said = capsys.readouterr().err
    assert f"{url} is held by process {process.pid} on " in said
    assert make(url, resume=True).rendered < SCENES * 3, "finished scenes were rendered again"
    assert fetch(url, tmp_path / "data") == reference


def test_one_of_two_gets_the_place(s3):
    _, url = s3
    stores = [RemoteStore(url) for _ in range(8)]
    got = []
    threads = [threading.Thread(target=lambda k=k, s=s: got.append(s.create("lock.json", f"mine {k}"))) for k, s in enumerate(stores)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(got) == [False] * 7 + [True]


@pytest.mark.parametrize("refusal", ["NotImplemented", "PreconditionFailed"])
def test_stores_that_create_otherwise(s3, refusal):
    """One that knows no conditions is written to without; one that says only that a condition failed is believed."""
    server, url = s3
    store = RemoteStore(url)
    server.faults = {("PUT", "lock.json"): [refusal]}
    if refusal == "PreconditionFailed":
        store.write("lock.json", "theirs")
        server.faults = {("PUT", "lock.json"): [refusal]}
    assert store.create("lock.json", "mine") == (refusal == "NotImplemented")


def test_who_lost_the_place_stops(request):
    store = RemoteStore(f"memory://{request.node.name}")
    with store.locked():
        store.append("first")
        fsspec.filesystem("memory").pipe_file(f"/{request.node.name}/lock.json", b'{"token": "of another"}')
        time.sleep(0.5)
        for refused in (lambda: store.append("second"), lambda: store.write("manifest.json", ""), lambda: store.remove("manifest.json")):
            with pytest.raises(UserError, match="another generator has taken over memory://"):
                refused()
    assert store.read("lock.json") == '{"token": "of another"}', "the lease of the other was taken away"
    assert store.journal() == ["first"]


def test_the_journal_grows_in_parts_and_goes_on_where_a_killed_one_ended(monkeypatch, request):
    monkeypatch.setattr(simlearn.remote, "PART_LINES", 3)
    url = f"memory://{request.node.name}"
    lines = [f"entry {k} é" for k in range(11)]
    for start in (0, 5):
        store = RemoteStore(url)
        with store.locked():
            for line in lines[start : start + 5]:
                store.append(line)
    store = RemoteStore(url)
    store.append(lines[10])  # and killed: no lock, no end
    assert RemoteStore(url).journal() == lines
    assert len(store.sizes("journal")) == 5  # 3 + 2, 3 + 2, 1
    store.forget_journal()
    assert RemoteStore(url).journal() == []
    assert store.is_empty()


def test_a_file_system_that_is_not_an_object_store(tmp_path, reference):
    out = tmp_path / "data"
    (out / "shards").mkdir(parents=True)
    (out / "shards" / ".scene_000001.h5.tmp-of-a-killed-one").write_bytes(b"half")
    make(f"file://{out}")
    assert tiny_world.contents(out) == reference
    assert sorted(path.name for path in out.iterdir()) == ["manifest.json", "shards"]


def test_a_file_system_with_a_fault_shows_no_half_file(tmp_path, monkeypatch):
    store = RemoteStore(f"file://{tmp_path}/data")
    store.write("notes.txt", "old")
    monkeypatch.setattr(store._place[0], "put_file", lambda source, target: Path(target).write_bytes(Path(source).read_bytes()[:1]))
    with pytest.raises(UserError, match=r"cannot write notes\.txt to file://.*1 of 3 bytes arrived"):
        store.write("notes.txt", "new")
    assert store.read("notes.txt") == "old"
    assert [path.name for path in (tmp_path / "data").iterdir()] == ["notes.txt"]


def test_refused_credentials_are_a_sentence(s3):
    server, url = s3
    server.faults = {("PUT", "lock.json"): ["InvalidAccessKeyId"]}
    with pytest.raises(UserError, match=r"cannot write to s3://.*InvalidAccessKeyId on purpose.*AWS_ACCESS_KEY_ID"):
        make(url)


def test_missing_credentials_are_a_sentence(s3, monkeypatch, tmp_path):
    _, url = s3
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    fsspec.filesystem("s3").clear_instance_cache()
    try:
        with pytest.raises(UserError, match=r"Unable to locate credentials.*AWS_ACCESS_KEY_ID"):
            make(url)
    finally:
        fsspec.filesystem("s3").clear_instance_cache()


@pytest.mark.usefixtures("server")
def test_a_wrong_place_is_a_sentence():
    fsspec.register_implementation("absent", "package_that_is_absent.FileSystem", errtxt="Please install package_that_is_absent")
    for url, sentence in {
        "s3://no-such-bucket/data": "does not exist.*create the bucket first",
        "s3://": "names no folder",
        "s5://bucket/data": "Protocol not known: s5",
        "absent://bucket/data": "Please install package_that_is_absent",
    }.items():
        with pytest.raises(UserError, match=sentence):
            make(url)


def test_no_network_is_a_sentence(monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    fsspec.filesystem("s3").clear_instance_cache()
    monkeypatch.setattr(fsspec.get_filesystem_class("s3"), "retries", 1)
    try:
        with pytest.raises(UserError, match=r"cannot write to s3://bucket/data .*127\.0\.0\.1:9.*network.*--resume"):
            make("s3://bucket/data")
    finally:
        fsspec.filesystem("s3").clear_instance_cache()


def test_a_missing_package_is_a_sentence(monkeypatch):
    monkeypatch.setitem(sys.modules, "fsspec", None)
    with pytest.raises(UserError, match=r"pip install simlearn\[remote\]"):
        make("s3://bucket/data")


def test_shards_that_went_elsewhere_are_missed(tmp_path, request):
    """What workers on other machines do when the folder is not shared, or the memory is not."""
    ENGINES.add("elsewhere", "test_remote_store:elsewhere")
    with pytest.raises(UserError, match=r"scene_000000\.h5: choose a folder that all machines share"):
        make(tmp_path / "data", engine="elsewhere")
    with pytest.raises(UserError, match=r"5 shards that workers have written are not in memory://.*choose a folder"):
        make(f"memory://{request.node.name}", engine="elsewhere")
    assert not Manifest.load(RemoteStore(f"memory://{request.node.name}")).complete


def elsewhere(function, tasks, workers, address):  # noqa: ARG001
    for task in tasks:
        record = function(task)
        if isinstance(task.config.store, RemoteStore):
            task.config.store.remove(record.name)
        else:
            shutil.rmtree(Path(task.config.out) / "shards")
        yield record


def test_a_relative_folder_is_that_of_who_asked(tmp_path, monkeypatch, reference):
    """Workers of a cluster stand in folders of their own."""
    ENGINES.add("astray", "test_remote_store:astray")
    monkeypatch.chdir(tmp_path)
    make(Path("data"), engine="astray")
    assert tiny_world.contents(tmp_path / "data") == reference


def astray(function, tasks, workers, address):  # noqa: ARG001
    for task in tasks:
        here = os.getcwd()
        os.chdir("/")
        try:
            record = function(task)
        finally:
            os.chdir(here)
        yield record


def test_a_full_temporary_folder_is_a_sentence():
    store = RemoteStore("memory://full")

    def full(path):  # noqa: ARG001
        raise OSError(28, "No space left on device")

    with pytest.raises(UserError, match=r"cannot write /.*No space left.*TMPDIR"):
        store.publish("shards/scene_000000.h5", full)
    assert json.dumps(dict(store.sizes("shards"))) == "{}"
