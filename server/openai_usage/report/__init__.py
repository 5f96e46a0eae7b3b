"""Rows into totals, series and rankings. Pure: what day it is, is an argument.

Billed money, measured use and estimates stay apart: a spend is only ever a sum of cost rows.
"""

from openai_usage.report.bill import Bill, bill
from openai_usage.report.budget import Forecast, forecast
from openai_usage.report.estimate import Estimate, Estimates, estimate, estimates_by, price_use
from openai_usage.report.period import Report, report
from openai_usage.report.ranking import BESIDE_SPEND, MEASURED, Entry, Ranking
from openai_usage.report.recent import Recent, Share, recent
from openai_usage.report.split import OTHER, REMAINDER, Layer, Split
from openai_usage.report.sums import model_of

__all__ = [
    "BESIDE_SPEND",
    "MEASURED",
    "OTHER",
    "REMAINDER",
    "Bill",
    "Entry",
    "Estimate",
    "Estimates",
    "Forecast",
    "Layer",
    "Ranking",
    "Recent",
    "Report",
    "Share",
    "Split",
    "bill",
    "estimate",
    "estimates_by",
    "forecast",
    "model_of",
    "price_use",
    "recent",
    "report",
]
