"""The reference page is what the code says, and every problem code stands in it."""

import ast
from pathlib import Path

from api.reference import _document, reference

ROOT = Path(__file__).resolve().parents[3]
PAGE = ROOT / "docs" / "reference" / "api.md"


def test_the_page_is_written_from_the_routes() -> None:
    assert PAGE.read_text(encoding="utf-8") == reference(_document()), (
        "docs/reference/api.md is not what the routes say: python -m api.reference > docs/reference/api.md"
    )


def test_every_problem_code_is_documented() -> None:
    codes = {
        argument.value
        for path in (ROOT / "api").glob("*.py")
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "Problem"
        for argument in call.args[1:2]
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str)
    }
    assert len(codes) > 10
    page = PAGE.read_text(encoding="utf-8")
    assert [code for code in sorted(codes) if f"`{code}`" not in page] == []


def test_every_error_is_a_problem_and_no_validation_shape_of_the_framework_remains() -> None:
    document = _document()
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            for status, response in operation["responses"].items():
                if status >= "400":
                    assert list(response["content"]) == ["application/problem+json"], (path, method, status)
    assert not [name for name in document["components"]["schemas"] if "Validation" in name]


def test_every_reference_within_the_document_leads_somewhere() -> None:
    document = _document()

    def check(node: object) -> None:
        if isinstance(node, dict):
            target = node.get("$ref")
            if isinstance(target, str):
                found = document
                for part in target.removeprefix("#/").split("/"):
                    found = found[part]
            for value in node.values():
                check(value)
        elif isinstance(node, list):
            for value in node:
                check(value)

    check(document)
