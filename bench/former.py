"""The former design, rebuilt: FastAPI, SQLAlchemy, one INSERT and one commit a log.

It runs in an environment of its own, which nothing else here depends on.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.others import environment
from bench.processes import running, wait_for

PACKAGES = (
    "fastapi>=0.115",
    "sqlalchemy[asyncio]>=2.0",
    "asyncpg>=0.30",
    "uvicorn>=0.32",
    "uvloop>=0.21",
    "httptools>=0.6",
)
SERVER = """
import sys, uuid
from datetime import datetime
from typing import Any
import uvicorn
from fastapi import Depends, FastAPI
from pydantic import BaseModel
from sqlalchemy import JSON, DateTime, func
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

engine = create_async_engine(sys.argv[2], pool_size=20, max_overflow=10)
sessions = async_sessionmaker(engine, expire_on_commit=False)
app = FastAPI()

class Base(DeclarativeBase):
    type_annotation_map = {dict: JSON, list: JSON}

class Log(Base):
    __tablename__ = "former_logs"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    ts: Mapped[datetime] = mapped_column(
        DateTime(timezone=True), server_default=func.now(), index=True)
    method: Mapped[str]
    url: Mapped[str]
    path: Mapped[str] = mapped_column(index=True)
    status_code: Mapped[int | None] = mapped_column(index=True)
    latency_ms: Mapped[float | None]
    query_params: Mapped[dict | None]
    request_headers: Mapped[dict | None]
    request_body: Mapped[str | None]
    response_headers: Mapped[dict | None]
    response_body: Mapped[str | None]
    source_ip: Mapped[str | None]
    tags: Mapped[list | None]

class Pushed(BaseModel):
    method: str
    url: str
    path: str
    status_code: int | None = None
    latency_ms: float | None = None
    query_params: dict[str, Any] | None = None
    request_headers: dict[str, Any] | None = None
    request_body: str | None = None
    response_headers: dict[str, Any] | None = None
    response_body: str | None = None
    source_ip: str | None = None
    tags: list[str] | None = None

class Stored(Pushed):
    model_config = {"from_attributes": True}
    id: uuid.UUID
    ts: datetime

async def session():
    async with sessions() as made:
        yield made

@app.on_event("startup")
async def create():
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)

@app.get("/")
async def is_there():
    return "ok"

@app.post("/v1/logs", status_code=201, response_model=Stored)
async def push(log: Pushed, session: AsyncSession = Depends(session)):
    row = Log(**log.model_dump())
    session.add(row)
    await session.commit()
    await session.refresh(row)
    return row

uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="warning")
"""


@contextmanager
def former_design(folder: Path, *, port: int, dsn: str) -> Iterator[int | None]:
    """Its pid; None, and a line that says why, where it cannot be had."""
    python = environment("former", *PACKAGES)
    if python is None:
        print("the former design: not measured, pip could not install SQLAlchemy")
        yield None
        return
    script = folder / "former.py"
    script.write_text(SERVER)
    url = dsn.replace("postgresql://", "postgresql+asyncpg://", 1)
    with running([str(python), str(script), str(port), url]) as process:
        wait_for(f"http://127.0.0.1:{port}/")
        yield process.pid
