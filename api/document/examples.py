"""Examples in /openapi.json; a test holds them to their schemas."""

from typing import Any

from monitor.registry.resources import SERVICE_FIELDS

SERVICE_ID = "8f14e45f-ceea-467f-a0e6-5f1a2c3d4e5f"
LOG_ID = "01a20e38-42fb-7c36-9000-00798e407689"
TIME = "2026-11-24T13:00:00.000Z"

NEW_SERVICE = {
    "name": "payments-api",
    "description": "Payment processing service",
    "base_url": "https://payments.internal",
}
SERVICE: dict[str, Any] = {
    "id": SERVICE_ID,
    "service_id": SERVICE_ID,
    "slug": "payments-api",
    **{field.name: field.in_json(field.default) for field in SERVICE_FIELDS},
    **NEW_SERVICE,
    "created_at": TIME,
    "updated_at": TIME,
}
MADE_KEY = {
    "id": "2b1c7a52-6f0e-4f0e-9d3a-0b6d8f2f9a11",
    "service_id": SERVICE_ID,
    "name": "prod-key",
    "key_prefix": "mkey_3fA9xQ",
    "raw_key": "mkey_3fA9xQ-shown-this-once",
    "is_active": True,
    "created_at": TIME,
}
NEW_TOKEN = {
    "name": "grafana",
    "read_only": True,
    "expires_at": "2100-01-01T00:00:00Z",
}
MADE_TOKEN = {
    "id": "6a0d5f52-51c4-4c8e-8a59-0f6a8d1b7c33",
    "name": "grafana",
    "token_prefix": "mtok_7bQx2M",
    "read_only": True,
    "is_active": True,
    "created_at": TIME,
    "expires_at": "2100-01-01T00:00:00.000Z",
    "revoked_at": None,
    "last_used_at": None,
    "raw_token": "mtok_7bQx2M-shown-this-once",
}
NEW_LOG = {
    "method": "POST",
    "url": "https://payments.internal/charge",
    "path": "/charge",
    "status_code": 200,
    "latency_ms": 142.5,
    "request_headers": {
        "Content-Type": "application/json",
        "Authorization": "Bearer secret",
    },
    "request_body": '{"amount": 100}',
    "response_body": '{"id": "ch_abc"}',
}
LOG: dict[str, Any] = {
    "id": LOG_ID,
    "service_id": SERVICE_ID,
    "service_name": "payments-api",
    "source": "ingest",
    "timestamp": TIME,
    "method": "POST",
    "url": "https://payments.internal/charge",
    "path": "/charge",
    "query_params": {},
    "status_code": 200,
    "latency_ms": 142.5,
    "error": None,
    "source_ip": None,
    "tags": [],
    "request_size": None,
    "response_size": None,
    "pinned": False,
    "client_url": None,
    "duration_ms": None,
    "timings": {
        "connect_ms": None,
        "tls_ms": None,
        "ttfb_ms": None,
        "total_ms": 142.5,
        "overhead_ms": None,
    },
    "message_count": None,
    "event_count": None,
    "messages_problem": None,
    "replay_of": None,
    "note": None,
    "hints": [],
    "request_headers": {
        "Content-Type": "application/json",
        "Authorization": "***MASKED***",
    },
    "request_headers_raw": [
        ["Content-Type", "application/json"],
        ["Authorization", "***MASKED***"],
    ],
    "request_body": '{"amount": 100}',
    "request_body_encoding": "utf-8",
    "request_body_truncated": False,
    "request_body_withheld": False,
    "request_body_withheld_for": None,
    "request_body_gone": False,
    "request_body_shed": False,
    "request_body_problem": None,
    "response_headers": {},
    "response_headers_raw": [],
    "response_body": '{"id": "ch_abc"}',
    "response_body_encoding": "utf-8",
    "response_body_truncated": False,
    "response_body_withheld": False,
    "response_body_withheld_for": None,
    "response_body_gone": False,
    "response_body_shed": False,
    "response_body_problem": None,
}
TOTALS = {
    "total_requests": 4,
    "error_count": 1,
    "error_rate": 0.25,
    "avg_latency_ms": 42.5,
    "p50_latency_ms": 40.0,
    "p95_latency_ms": 88.0,
    "p99_latency_ms": 96.0,
    "by_method": {"GET": 3, "POST": 1},
    "by_status": {"200": 3, "503": 1},
    "percentile_error": 0,
}
NEW_ALERT = {
    "service_id": SERVICE_ID,
    "name": "High latency",
    "condition_field": "latency_ms",
    "condition_operator": ">=",
    "condition_value": "2000",
}
PREVIEWED_ALERT = {
    "service_id": None,
    "aggregate": "error_rate",
    "window_s": 300,
    "condition_operator": ">=",
    "condition_value": "0.05",
}
NEW_CHANNEL = {
    "name": "on-call",
    "kind": "webhook",
    "url": "https://hooks.example/api-monitor",
}
HAR_SCHEMA = {
    "type": "object",
    "description": "A HAR 1.2 archive.",
    "properties": {
        "log": {
            "type": "object",
            "properties": {"entries": {"type": "array", "items": {"type": "object"}}},
            "required": ["entries"],
        }
    },
    "required": ["log"],
}
HAR = {
    "log": {
        "entries": [
            {
                "startedDateTime": TIME,
                "time": 142.5,
                "request": {"method": "GET", "url": "https://payments.internal/a"},
                "response": {"status": 200},
            }
        ]
    }
}

LEDGER_LINE = {
    "finished": 1204,
    "stored": 1180,
    "deleted": 12,
    "spooled": 20,
    "dead_letter": 1,
    "dropped": {"recording_off": 3},
    "in_flight": 2,
    "bodies_shed": {},
    "is_closed": True,
    "difference": 0,
}
LEDGER = {
    "at": "2026-11-24T13:00:00.123Z",
    "stored_at": "2026-11-24T13:00:00.120Z",
    "database": "ok",
    "explanation": None,
    **LEDGER_LINE,
    "unrouted": {"no_service": 4},
    "torn": 0,
    "services": [
        {
            "service_id": "0193a1b2-c3d4-4e5f-8a6b-7c8d9e0f1a2b",
            "service_name": "payments-api",
            **LEDGER_LINE,
        }
    ],
}

STORED_FIGURES = {
    "logs": 41204,
    "row_bytes": 19201352,
    "body_bytes": 20384768,
    "bytes": 39586120,
    "bytes_per_log": 960.7,
}
STORAGE = {
    "measured_at": "2026-11-24T13:00:00.123Z",
    "days": [
        {
            "day": "2026-11-24",
            **STORED_FIGURES,
            "services": [
                {
                    **STORED_FIGURES,
                    "service_id": "0193a1b2-c3d4-4e5f-8a6b-7c8d9e0f1a2b",
                    "service_name": "payments-api",
                }
            ],
        }
    ],
}
