"""Batches on a Label Studio server and labels from there, with a server that can be told to fail."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from al_bench.cli.main import dispatch
from al_bench.errors import InputError
from al_bench.labelling.exchange import label_studio_server
from al_bench.labelling.exchange.label_studio_server import TOKEN, Address
from tests.labelling import people
from tests.labelling.exchange import fake_label_studio
from tests.labelling.exchange.fake_label_studio import LEGACY, FakeLabelStudio

FOLDER = Path("results/labelling/walk")
CLASSES = [f"d{digit}" for digit in range(10)]
COMMAND = [
    *("query", "dataset=images", "dataset.path=photos", f"dataset.classes=[{','.join(CLASSES)}]"),
    *("schedule.batch=6", "study=walk", "device=cpu", "model=linear", "strategy=margin"),
]


@pytest.fixture
def server(monkeypatch):
    for variable in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv(TOKEN, fake_label_studio.TOKEN)
    with fake_label_studio.served() as fake:
        yield fake


@pytest.fixture
def truth(tmp_path, monkeypatch) -> dict[str, str]:
    monkeypatch.chdir(tmp_path)
    return people.write_images(40, 0)


@pytest.fixture
def query(server, truth, capsys):
    """Gives a command to the server; returns the status, and what was shown last."""

    def give(*words: str, url: str | None = None) -> tuple[int, str]:
        status = dispatch([*COMMAND, "--label-studio", url or server.url, *words])
        out = capsys.readouterr()
        return status, out.out if status == 0 else out.err.splitlines()[-1]

    return give


def files() -> dict[str, bytes]:
    """What lies in the study's folder."""
    return {
        str(path): path.read_bytes() for path in sorted(FOLDER.rglob("*")) if path.is_file() and path.name != ".lock"
    }


def test_a_batch_goes_out_as_tasks_and_their_labels_come_back(server: FakeLabelStudio, truth, query):
    status, out = query()
    assert status == 0
    assert f"6 tasks are in {server.url}/projects/1" in out
    items = people.items_of(FOLDER / "batch-000.csv")
    assert [task["data"]["item"] for task in server.tasks] == items
    assert server.tasks[0]["data"]["image"] == "/data/upload/1/ab12cd34-batch-000-0001.jpeg"
    assert server.tasks[0]["data"]["study"] == "walk"
    assert server.projects[1]["parsed_label_config"]["label"]["labels"] == CLASSES
    assert "predictions" not in server.tasks[0]

    before = files()
    status, error = query()
    assert (status, files()) == (2, before)
    assert f"6 of 6 items have no label yet, such as {items[0]}: label them at {server.url}/projects/1" in error
    assert len(server.tasks) == 6  # the same command adds no task

    server.annotate_all(truth)
    status, out = query()
    assert status == 0
    assert "6 labels: " in out
    second = server.tasks[6:]
    assert [task["data"]["item"] for task in second] == people.items_of(FOLDER / "batch-001.csv")
    [prediction] = second[0]["predictions"]
    row = people.read_batch(FOLDER / "batch-001.csv")[0]
    assert prediction["result"][0]["value"]["choices"] == [row["predicted"]]
    assert prediction["score"] == pytest.approx(float(row["probability"]), abs=1e-4)


def test_labels_of_the_server_count_without_it(server: FakeLabelStudio, truth, query, capsys):
    assert query()[0] == 0
    server.annotate_all(truth)
    assert query()[0] == 0
    people.fill(FOLDER / "batch-001.csv", truth)
    assert dispatch(COMMAND) == 0
    assert "12 labels: " in capsys.readouterr().out


def test_neither_the_token_nor_an_address_of_a_person_is_in_the_folder(server: FakeLabelStudio, truth, query):
    assert query()[0] == 0
    server.annotate_all(truth)
    assert query()[0] == 0
    content = b"".join(files().values())
    for secret in (fake_label_studio.TOKEN, "short1", "ann@example.com"):
        assert secret.encode() not in content
    assert not any(fake_label_studio.TOKEN in authorization for authorization in server.authorizations)


def test_a_legacy_token_and_a_token_that_runs_out_are_taken(server: FakeLabelStudio, query, monkeypatch):
    server.faults["/api/current-user/whoami"] = lambda: (
        (200, {}) if server.renewals > 1 else (401, {"detail": "expired"})
    )
    assert query()[0] == 2  # refused twice in a row
    server.renewals = 1
    assert query()[0] == 0
    server.faults.clear()
    monkeypatch.setenv(TOKEN, LEGACY)
    assert "have no label yet" in query()[1]


def html() -> tuple[int, str]:
    return 200, "<!doctype html><p>hello"


def failing() -> tuple[int, object]:
    return 500, {"detail": "out of order"}


@pytest.mark.parametrize(
    ("path", "fault", "message"),
    [
        ("/api/version", html, "answers, but not as Label Studio does; give --label-studio its address"),
        ("/api/version", lambda: (200, ["no release"]), "answers, but not as Label Studio does"),
        ("/api/version", lambda: (404, "nothing here"), "/api/version answers with status 404"),
        ("/api/version", lambda: (302, "http://elsewhere.example/"), "redirects to http://elsewhere.example/; give"),
        ("/api/version", lambda: b"", "cannot be reached: "),
        ("/api/version", lambda: b"SSH-2.0-OpenSSH\r\n", "cannot be reached: "),
        ("/api/version", lambda: (200, "[" * 100_000), "answers, but not as Label Studio does"),
        (
            "/api/token/refresh",
            lambda: (401, {"detail": "Token is blacklisted"}),
            "does not take the token (Token is bla",
        ),
        ("/api/token/refresh", lambda: (200, {"access": "a\nb"}), "answers, but not as Label Studio does"),
        ("/api/current-user/whoami", lambda: (403, {}), "/api/current-user/whoami: the token's owner may not do that"),
        ("/api/projects/", failing, "answers with status 500 (out of order)"),
    ],
    ids=[
        *("a page", "other JSON", "no such path", "redirection", "nothing", "no HTTP", "deep", "token", "odd token"),
        *("not allowed", "no project made"),
    ],
)
def test_a_server_that_fails_leaves_one_line(server: FakeLabelStudio, query, path, fault, message):
    server.faults[path] = fault
    status, error = query()
    assert status == 2
    assert message in error
    if path != "/api/projects/":  # the first word with the server comes before anything is written
        assert not FOLDER.exists()


def test_a_wrong_address_and_a_wrong_token_are_one_line(server: FakeLabelStudio, query, monkeypatch):
    status, error = query(url="http://127.0.0.1:9")
    assert (status, "http://127.0.0.1:9 cannot be reached: " in error) == (2, True)
    monkeypatch.setenv(TOKEN, "wrong")
    status, error = query()
    assert (status, f"{server.url} does not take the token (Invalid token.); export {TOKEN}=…" in error) == (2, True)
    monkeypatch.setenv(TOKEN, "zwölf\n13")
    assert f"{TOKEN} has characters that no token has" in query()[1]
    monkeypatch.delenv(TOKEN)
    assert f"--label-studio needs a token in the environment: export {TOKEN}=…" in query()[1]
    assert not FOLDER.exists()


def test_an_answer_that_is_too_long_is_refused(server: FakeLabelStudio, query, monkeypatch):
    assert query()[0] == 0
    monkeypatch.setattr(label_studio_server, "LIMIT", 1000)
    assert "answers with more than 1,000 bytes, which are the limit" in query()[1]


def test_a_server_that_dies_after_the_batch_was_written_gets_it_by_the_same_command(
    server: FakeLabelStudio, truth, query
):
    assert query()[0] == 0
    server.annotate_all(truth)
    server.faults["/api/projects/1/import"] = failing
    status, error = query()
    assert status == 2
    assert "batch-001.csv is written, and not delivered yet: " in error
    assert "status 500 (out of order)" in error
    written = files()
    assert str(FOLDER / "record/001.json") in written
    server.faults.clear()
    status, out = query()
    assert status == 0
    assert f"6 tasks are in {server.url}/projects/1 (6 were there)" in out
    assert files() == written
    assert len(server.tasks) == 12


def test_tasks_whose_receipt_was_lost_are_not_sent_again(server: FakeLabelStudio, query):
    number = server.project()
    server.projects[number]["parsed_label_config"]["label"]["labels"] = CLASSES
    kept = server.answer

    def answer(method: str, path: str, query: dict, body: bytes, authorization: str):
        out = kept(method, path, query, body, authorization)
        return (502, {}) if path.endswith("/import") and "commit_to_project" not in query else out

    server.answer = answer  # type: ignore[method-assign]
    assert query(url=f"{server.url}/projects/{number}")[0] == 2
    assert len(server.tasks) == 6
    server.answer = kept  # type: ignore[method-assign]
    assert "have no label yet" in query()[1]
    assert len(server.tasks) == 6


def test_a_project_that_is_gone_is_named_and_no_other_one_made(server: FakeLabelStudio, query):
    assert query()[0] == 0
    server.projects.clear()
    status, error = query()
    assert status == 2
    assert (
        f"has no project 1, or none that the token's owner may see; {FOLDER}/record/label-studio.json names it" in error
    )
    assert not server.projects


def test_another_server_or_project_than_the_one_on_record_is_refused(server: FakeLabelStudio, query):
    assert query()[0] == 0
    number = server.project()
    status, error = query(url=f"{server.url}/projects/{number}")
    assert status == 2
    assert f"the tasks of walk lie in {server.url}/projects/1, and --label-studio is {server.url}/projects/2" in error
    assert query(url=f"{server.url}/projects/1/data?tab=3")[1].count("have no label yet") == 1


IMAGE = '<Image name="shown" value="$image"/>'
ALL = "".join(f'<Choice value="{name}"/>' for name in CLASSES)


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (
            f'<View>{IMAGE}<Choices name="label" toName="shown"><Choice value="d0"/></Choices></View>',
            "no choice 'd1', 'd2'",
        ),
        (f"<View>{IMAGE}</View>", "has no choice among classes in its labelling interface; have one called label"),
        (
            f'<View>{IMAGE}<Choices name="a" toName="shown">{ALL}</Choices><Choices name="b" toName="shown"/></View>',
            "has choices called a, b in its labelling interface",
        ),
        (
            f'<View><Image name="shown" value="$photo"/><Choices name="label" toName="shown">{ALL}</Choices></View>',
            "shows $photo, and these tasks hold image; change it there",
        ),
    ],
    ids=["a class is missing", "no choice", "two choices", "another key"],
)
def test_a_project_that_does_not_fit_is_refused_before_a_batch_is_chosen(server, query, config, message):
    number = server.project(config=config)
    status, error = query(url=f"{server.url}/projects/{number}")
    assert (status, message in error) == (2, True), error
    assert not FOLDER.exists()


def test_a_project_of_ones_own_is_taken_with_its_own_names(server: FakeLabelStudio, truth, query):
    config = f'<View><Image name="pic" value="$image"/><Choices name="kind" toName="pic">{ALL}</Choices></View>'
    number = server.project(config=config)
    assert query(url=f"{server.url}/projects/{number}/data")[0] == 0
    for task in server.tasks:
        server.annotate(task["data"]["item"], truth[task["data"]["item"]])
        task["annotations"][0]["result"][0] |= {"from_name": "kind", "to_name": "pic"}
    assert "6 labels: " in query()[1]
    [choice] = server.tasks[6]["predictions"][0]["result"]
    assert (choice["from_name"], choice["to_name"]) == ("kind", "pic")


def test_tasks_of_another_study_are_refused(server: FakeLabelStudio, query):
    assert query()[0] == 0
    status, error = query("study=other", url=f"{server.url}/projects/1")
    assert status == 2
    assert (
        f"{server.url}/projects/1 holds tasks of the study 'walk', and this is 'other'; give another project" in error
    )
    assert not Path("results/labelling/other").exists()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda task: task["data"].update(item="../../secret.png"),
            "task 1, annotation 1: '../../secret.png' is no item",
        ),
        (lambda task: task["data"].update(item=7), "task 1, annotation 1: no item in its data"),
        (lambda task: task["annotations"][0]["result"][0]["value"].update(choices=["owl"]), "task 1, annotation 1: "),
        (lambda task: task["annotations"][0]["result"][0]["value"].update(choices=["d1", "d2"]), "chose 'd1' and 'd2'"),
        (lambda task: task["annotations"][0].update(result="d1"), "the list of tasks is none of Label Studio's"),
        (lambda task: task.update(data="x"), "the list of tasks is none of Label Studio's"),
    ],
    ids=["unknown item", "no name", "unknown class", "two classes", "no result", "no data"],
)
def test_what_the_server_says_is_refused_by_task_and_nothing_changes(server, truth, query, change, message):
    assert query()[0] == 0
    server.annotate_all(truth)
    change(server.tasks[0])
    before = files()
    status, error = query()
    assert (status, message in error) == (2, True), error
    assert server.url in error
    assert files() == before


def test_skipped_tasks_leave_the_pool(server: FakeLabelStudio, truth, query):
    assert query()[0] == 0
    first = server.tasks[0]["data"]["item"]
    server.annotate(first, None)
    server.annotate_all(truth)
    assert "5 labels: " in query()[1]
    assert first not in people.items_of(FOLDER / "batch-001.csv")


def test_several_annotators_go_through_the_rule_and_the_agreement(server: FakeLabelStudio, truth, query):
    assert query("labels_per_item=2", "answers=majority")[0] == 0
    assert server.projects[1]["maximum_annotations"] == 2
    server.annotate_all(truth)
    assert "6 items have labels that decide nothing yet" in query("labels_per_item=2", "answers=majority")[1]
    items = [task["data"]["item"] for task in server.tasks]
    for item in items[1:]:
        server.annotate(item, truth[item], who=2)
    wrong = next(name for name in CLASSES if name != truth[items[0]])
    server.annotate(items[0], wrong, who=2)
    assert "answers=majority or answers=latest" in query()[1]
    error = query("labels_per_item=2", "answers=majority")[1]
    assert f"1 items have labels that decide nothing yet, such as {items[0]} ({truth[items[0]]} 1, {wrong} 1)" in error
    server.annotate(items[0], wrong, who=3)
    status, out = query("labels_per_item=2", "answers=majority")
    assert status == 0
    assert "3 annotators gave 6 items two labels or more; Krippendorff's α 0." in out


def test_a_lost_batch_file_comes_back_without_the_labels_that_the_server_gave(server: FakeLabelStudio, truth, query):
    assert query()[0] == 0
    server.annotate_all(truth)
    assert query()[0] == 0
    (FOLDER / "batch-000.csv").unlink()
    server.annotate_all(truth)
    status, out = query()
    assert status == 0
    assert "12 labels: " in out
    assert "annotators" not in out  # the labels of the server are no second person's
    assert {row["label"] for row in people.read_batch(FOLDER / "batch-000.csv")} == {""}


def test_corrections_count_and_a_deleted_task_keeps_its_label(server: FakeLabelStudio, truth, query):
    assert query()[0] == 0
    server.annotate_all(truth)
    assert query()[0] == 0
    items = [task["data"]["item"] for task in server.tasks]
    wrong = next(name for name in CLASSES if name != truth[items[1]])
    annotation = server.tasks[1]["annotations"][0]
    annotation["result"][0]["value"]["choices"], annotation["updated_at"] = [wrong], "2026-01-03T00:00:00Z"
    del server.tasks[0]
    server.annotate_all(truth)
    status, out = query()
    assert status == 0
    assert "12 labels: " in out
    assert f"{items[1]} was {truth[items[1]]!r} and is {wrong!r} now" in out
    assert items[0] not in [task["data"]["item"] for task in server.tasks]  # it has a label, and is not sent again


def test_under_latest_a_correction_by_file_outlives_further_labels_of_the_server(server: FakeLabelStudio, truth, query):
    assert query("answers=latest")[0] == 0
    server.annotate_all(truth)
    assert query("answers=latest")[0] == 0
    item = server.tasks[0]["data"]["item"]
    wrong = next(name for name in CLASSES if name != truth[item])
    Path("fix.csv").write_text(f"item,label\n{item},{wrong}\n")
    server.annotate_all(truth)
    status, out = query("answers=latest", "--labels", "fix.csv")
    assert (status, f"is {wrong!r} now" in out) == (0, True)
    server.annotate_all(truth)
    status, out = query("answers=latest")
    assert status == 0
    assert json.loads((FOLDER / "record/003.json").read_bytes())["labels"][item] == wrong


def test_tasks_do_not_tell_an_audit_from_other_items(server: FakeLabelStudio, truth, query):
    for _ in range(3):
        status, shown = query("audit=10")
        assert status == 0, shown
        server.annotate_all(truth)
    records = [json.loads((FOLDER / f"record/{number:03d}.json").read_bytes()) for number in range(3)]
    asked = [entry for record in records for entry in record["asked"]]
    assert [task["data"]["item"] for task in server.tasks] == [entry["item"] for entry in asked]
    assert 0 < sum(entry["audited"] for entry in asked) < len(asked)
    for number in range(3):
        tasks = [task for task in server.tasks if task["data"]["batch"] == number]
        assert len({tuple(task["data"]) for task in tasks}) == 1
        assert sorted(task["data"]["rank"] for task in tasks) == list(range(1, len(tasks) + 1))
        assert not any("predictions" in task for task in tasks)


def test_going_on_without_labels_sends_the_next_batch_alone(server: FakeLabelStudio, truth, query):
    assert query()[0] == 0
    for task in server.tasks[:4]:
        server.annotate(task["data"]["item"], truth[task["data"]["item"]])
    status, out = query("--partial")
    assert (status, "6 tasks are in" in out) == (0, True)
    server.annotate(server.tasks[5]["data"]["item"], truth[server.tasks[5]["data"]["item"]])  # late, and taken
    for task in server.tasks[6:]:
        server.annotate(task["data"]["item"], truth[task["data"]["item"]])
    assert "11 labels: " in query()[1]


def test_predictions_are_made_from_the_labels_of_the_server(server: FakeLabelStudio, truth, query):
    assert query()[0] == 0
    server.annotate_all(truth)
    status, out = query("--predict")
    assert (status, "predictions for 40 items" in out) == (0, True)
    assert len(server.tasks) == 6


@pytest.mark.parametrize(
    ("text", "url", "project"),
    [
        ("http://localhost:8080", "http://localhost:8080", None),
        (" https://ls.example/label/ ", "https://ls.example/label", None),
        ("http://localhost:8080/projects", "http://localhost:8080", None),
        ("https://ls.example/label/projects/12/data?tab=1&task=3", "https://ls.example/label", 12),
        ("http://[::1]:8080/projects/3/", "http://[::1]:8080", 3),
    ],
    ids=["server", "in a folder", "projects", "a page", "IPv6"],
)
def test_the_address_of_a_page_names_the_server_and_the_project(text, url, project):
    assert Address.parse(text) == Address(url, project)


@pytest.mark.parametrize(
    "text",
    [
        "localhost:8080",
        "file:///etc/passwd",
        "http://",
        "http://a b/",
        "http://x:y/",
        "ftp://x/",
        "http://x\r\nHost:y",
        "",
    ],
    ids=["no scheme", "a file", "no host", "a space", "no port", "ftp", "line ends", "nothing"],
)
def test_what_is_no_address_is_refused(text):
    with pytest.raises(InputError, match="it must be an address such as http://localhost:8080"):
        Address.parse(text)


def test_a_password_in_the_address_is_refused_and_not_repeated():
    with pytest.raises(InputError, match=r"give http://ls\.example/label, and the token") as error:
        Address.parse("http://ann:secret@ls.example/label")
    assert "secret" not in str(error.value)
