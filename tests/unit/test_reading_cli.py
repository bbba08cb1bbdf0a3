"""`duban read`: JSON to the contract, a summary for a person, exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from duban.cli.read import read

EXAMPLES = Path(__file__).parent.parent.parent / "examples"
ITEM_KEYS = {
    "number", "path", "title", "goal", "measures", "lead_officials", "lead_units", "responsible_units",
    "support_units", "supervising_units", "time_limit", "milestones", "long_term", "category", "regulations", "targets",
    "status", "state", "source", "children",
}  # fmt: skip


def test_json_has_the_contracts_keys_and_exit_code_0_with_anomalies() -> None:
    result = CliRunner().invoke(read, [str(EXAMPLES / "plan.md"), "--json"])
    assert result.exit_code == 0
    reading = json.loads(result.stdout)
    assert {"kind", "title", "issuer", "reference", "issued_on", "year", "items", "figures", "anomalies"} <= set(
        reading
    )
    assert reading["reference"] == "澄府办〔2026〕6号"
    assert set(reading["items"][0]) >= ITEM_KEYS
    assert reading["items"][0]["source"]["line"] == 15
    assert any(a["code"] == "duplicate_number" and a["blocks"] for a in reading["anomalies"])


def test_a_person_gets_a_table_and_the_doubts_with_their_lines() -> None:
    result = CliRunner().invoke(read, [str(EXAMPLES / "plan.md")])
    assert "澄川区" in result.stdout
    assert "!12" in result.stdout
    assert "duplicate_number" in result.stdout


@pytest.mark.parametrize("name", ["plan.txt", "plan.html", "plan.docx", "plan.xlsx", "plan.pdf"])
def test_the_example_reads_the_same_in_every_format(name: str) -> None:
    def items(file: str) -> list[dict[str, object]]:
        reading = json.loads(CliRunner().invoke(read, [str(EXAMPLES / file), "--json"]).stdout)
        return [{key: value for key, value in item.items() if key != "source"} for item in reading["items"]]

    assert items(name) == items("plan.md")


def test_a_missing_file_is_one_message_on_standard_error_and_exit_2(tmp_path: Path) -> None:
    result = CliRunner().invoke(read, [str(tmp_path / "none.txt"), "--json"])
    assert (result.exit_code, result.stdout) == (2, "")
    assert "no such file" in result.stderr


def test_a_folder_and_a_text_that_is_no_plan_are_refused(tmp_path: Path) -> None:
    assert CliRunner().invoke(read, [str(tmp_path)]).exit_code == 2
    story = tmp_path / "story.txt"
    story.write_text("从前有座山,山里有座庙。\n" * 20, "utf-8")
    result = CliRunner().invoke(read, [str(story)])
    assert result.exit_code == 2
    assert "no plan" in result.stderr


def test_the_kind_can_be_forced() -> None:
    result = CliRunner().invoke(read, [str(EXAMPLES / "plan.md"), "--as", "rectification_plan", "--json"])
    assert json.loads(result.stdout)["kind"] == "rectification_plan"
