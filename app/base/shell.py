"""The frame of every page: home, navigation, language and theme."""

from __future__ import annotations

from flask_appbuilder import IndexView, expose


class HomeView(IndexView):  # type: ignore[misc]
    """The start page (个人首页)."""

    index_template = "shell/home.html"

    @expose("/")
    def index(self) -> str:
        """Cards contributed by the modules."""
        return self.render_template(self.index_template)  # type: ignore[no-any-return]
