"""How bytes get upstream and back: one file a road, the same bytes on every one.

May import `sync.wire` and `kiosk.errors`. A road knows no journal and verifies nothing: the courier
and the centre judge what came through it.
"""
