import pytest

pytest.register_assert_rewrite("sample.answers")
