"""The command's verbs for portfolios 关注名单."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from credit_sanction._code_lists import LIST_HELP, opened, read_list
from credit_sanction._commands import print_json, print_lines
from credit_sanction._errors import ClientError, InvalidRequest
from credit_sanction._portfolios import portfolio_name
from credit_sanction._words import china_time

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping, Sequence

    from credit_sanction._client import Client
    from credit_sanction._operating import Actions
    from credit_sanction._watch_values import Portfolio

REFUSED: Final = 1
_SHOWN_FAULTS: Final = 20
_PLACE: Final = re.compile(r"codes\[(\d+)\]")
_NAME_HELP: Final = "1 to 64 of a-z, 0-9 and -"


def add_portfolio_verbs(commands: Actions, service: argparse.ArgumentParser) -> None:
    """Add the verbs to the command's parser; each sets `verb`, what carries it out."""
    portfolio = commands.add_parser("portfolio", help="the codes that one wants to hear of, under a name of one's own")
    _add_portfolio(portfolio.add_subparsers(dest="action", required=True), service)


def _add_portfolio(actions: Actions, service: argparse.ArgumentParser) -> None:
    put = actions.add_parser("put", parents=[service], help="upload codes, one a line")
    put.add_argument("name", help=_NAME_HELP)
    put.add_argument("file", help=f"{LIST_HELP}. Names are passed over")
    way = put.add_mutually_exclusive_group()
    way.add_argument("--add", action="store_const", dest="change", const="ADD", help="add them; left out: replace all")
    way.add_argument("--remove", action="store_const", dest="change", const="REMOVE", help="take them out")
    put.set_defaults(verb=_put, change="REPLACE")
    several = actions.add_parser("list", parents=[service], help="list one's portfolios")
    several.set_defaults(verb=_list)
    show = actions.add_parser("show", parents=[service], help="print the codes of one, in order")
    show.add_argument("name", help=_NAME_HELP)
    show.set_defaults(verb=_show)
    delete = actions.add_parser("delete", parents=[service], help="remove one")
    delete.add_argument("name", help=_NAME_HELP)
    delete.set_defaults(verb=_delete)
    for action in (put, several, show, delete):
        action.add_argument("--json", action="store_true", help="print one JSON object")


def _put(client: Client, options: argparse.Namespace) -> int:
    portfolio_name(options.name)  # before a long file is read
    with opened(options.file) as stream:
        listed = list(read_list(stream, options.file))
    if not listed:
        raise ClientError(f"{options.file} has no code: delete the portfolio where it shall hold none")
    good = [one for one in listed if not one.fault]
    refused = [(one.line, one.fault) for one in listed if one.fault]
    portfolio, total = None, 0
    if good:
        try:
            result = client.put_portfolio(options.name, [one.code for one in good], change=options.change)
        except InvalidRequest as error:
            faults = _faults_of(error)
            if not faults:
                raise
            refused += [(good[place].line, message) for place, message in faults]
            total = len(listed)  # the service names the first only
        else:
            portfolio = result.portfolio
            refused += [(good[one.index].line, str(one)) for one in result.failures]
    _tell_put(portfolio, sorted(refused), max(total, len(refused)), as_json=options.json)
    return REFUSED if refused else 0


def _faults_of(error: InvalidRequest) -> Sequence[tuple[int, str]]:
    """Return which codes are at fault, by their places, where the service says that all of them are."""
    found = [(_PLACE.fullmatch(one.field), one) for one in error.violations]
    return [(int(match[1]), str(replace(one, field="code"))) for match, one in found if match]


def _tell_put(portfolio: Portfolio | None, refused: Sequence[tuple[int, str]], total: int, *, as_json: bool) -> None:
    if as_json:
        faults = [{"line": line, "message": message} for line, message in refused]
        now = _portfolio_object(portfolio) if portfolio else {"name": None}
        print_json({**now, "refused": faults, "refused_count": total})
        return
    print_lines(f"line {line}: refused  {message}" for line, message in refused[:_SHOWN_FAULTS])
    if total > _SHOWN_FAULTS:
        print_lines([f"and {total - _SHOWN_FAULTS} more"])
    print_lines([_portfolio_line(portfolio) if portfolio else "no code was good: nothing was put"])


def _list(client: Client, options: argparse.Namespace) -> int:
    found = client.portfolios()
    if options.json:
        print_json({"portfolios": [_portfolio_object(one) for one in found]})
    else:
        print_lines(map(_portfolio_line, found))
    return 0


def _show(client: Client, options: argparse.Namespace) -> int:
    codes = list(client.portfolio_codes(options.name))
    if options.json:
        print_json({"name": options.name, "codes": codes})
    else:
        print_lines(codes)
    return 0


def _delete(client: Client, options: argparse.Namespace) -> int:
    client.delete_portfolio(options.name)
    if options.json:
        print_json({"deleted": options.name})
    else:
        print_lines([f"{options.name}: deleted"])
    return 0


def _portfolio_line(one: Portfolio) -> str:
    return f"{one.name}  {one.size} codes, put {china_time(one.updated_at)}"


def _portfolio_object(one: Portfolio) -> Mapping[str, object]:
    return {"name": one.name, "size": one.size, "updated_at": one.updated_at}
