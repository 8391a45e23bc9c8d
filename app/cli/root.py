"""The `gonghui` command: one module per group of commands, put together here."""

from app.cli import (
    accounts,
    activities,
    adopting,
    alerts,
    api,
    applications,
    audiences,
    audit,
    backups,
    cases,
    content,
    demo,
    departments,
    doctor,
    keys,
    member_changes,
    members,
    menus,
    messages,
    retention,
    sandbox,
    serving,
    staff,
    tags,
    templates,
    verification,
    words,
)

app = words.Commands(
    help="工会公众号后台。先运行 gonghui doctor 看看哪里不对。", pretty_exceptions_enable=False
)
serving.add_to(app)
app.add_typer(sandbox.app, name="sandbox")
demo.add_to(app)
doctor.add_to(app)
adopting.add_to(app)
backups.add_to(app)
app.add_typer(menus.app, name="menus")
app.add_typer(messages.app, name="messages")
app.add_typer(cases.app, name="cases")
app.add_typer(activities.app, name="activities")
members.app.add_typer(member_changes.app, name="changes")
app.add_typer(members.app, name="members")
app.add_typer(accounts.app, name="accounts")
app.add_typer(applications.app, name="applications")
app.add_typer(alerts.app, name="alerts")
app.add_typer(tags.app, name="tags")
app.add_typer(audiences.app, name="audiences")
app.add_typer(templates.app, name="templates")
app.add_typer(retention.app, name="retention")
app.add_typer(content.app, name="content")
app.add_typer(verification.app, name="verification")
app.add_typer(api.app, name="api")
app.add_typer(staff.app, name="staff")
app.add_typer(departments.app, name="departments")
app.add_typer(audit.app, name="audit")
app.add_typer(keys.app, name="keys")
