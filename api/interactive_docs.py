"""The page `/docs` in a browser, without the internet: its script and style come from this server.

FastAPI's own page loads Swagger UI from a content delivery network. The files are those that `fastapi-offline` (MIT)
ships; Swagger UI itself is under the Apache License 2.0.
"""

import secrets
from importlib.resources import files
from typing import Final

from fastapi import APIRouter, Request, Response
from fastapi.openapi.docs import get_swagger_ui_html

from api.problem import Problem

ASSETS_PATH: Final = "/docs/assets"
# Names are fixed: nothing that a client sends becomes a path.
_ASSETS: Final = {"swagger-ui-bundle.js": "text/javascript; charset=utf-8", "swagger-ui.css": "text/css; charset=utf-8"}

router: Final = APIRouter(include_in_schema=False)


@router.get("/docs")
async def page(request: Request) -> Response:
    """The interactive documentation."""
    root = request.scope.get("root_path", "")
    nonce = secrets.token_urlsafe(16)
    html = get_swagger_ui_html(
        openapi_url=f"{root}{request.app.openapi_url}",
        title=f"{request.app.title} API",
        swagger_js_url=f"{root}{ASSETS_PATH}/swagger-ui-bundle.js",
        swagger_css_url=f"{root}{ASSETS_PATH}/swagger-ui.css",
        swagger_favicon_url="data:,",
        swagger_ui_parameters={"tryItOutEnabled": True, "displayRequestDuration": True, "validatorUrl": None},
    )
    body = bytes(html.body).replace(b"<script", f'<script nonce="{nonce}"'.encode())
    return Response(
        body,
        media_type="text/html",
        headers={
            "Cache-Control": "no-cache",
            # Whatever a document of ours may say, the page talks to this server only.
            "Content-Security-Policy": (
                f"default-src 'none'; script-src 'nonce-{nonce}'; style-src 'self' 'unsafe-inline';"
                " img-src 'self' data:; connect-src 'self'; base-uri 'none'; frame-ancestors 'none'"
            ),
        },
    )


@router.get(ASSETS_PATH + "/{name}")
async def asset(name: str) -> Response:
    """Script or style of the page."""
    media_type = _ASSETS.get(name)
    if media_type is None:
        raise Problem(404, "not_found", "The documentation page has no such file.")
    content = files("fastapi_offline").joinpath("static", name).read_bytes()
    return Response(content, media_type=media_type, headers={"Cache-Control": "public, max-age=86400"})
