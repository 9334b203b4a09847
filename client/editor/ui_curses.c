#include "client/editor/ui_curses.h"

#define NCURSES_WIDECHAR 1
#include <curses.h>
#include <langinfo.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <term.h>
#include <unistd.h>
#include <wchar.h>

#include "common/utf8.h"

/* Bracketed paste (xterm): pasted text comes between marks, so that it is not taken for keys. */
static const char paste_on[] = "\033[?2004h", paste_off[] = "\033[?2004l";

struct ui {
    FILE *in, *out;
    SCREEN *screen;
    struct grid shown;
    bool all; /* nothing of `shown` counts */
    bool colours;
};

/* Without any locale set, a terminal of today still reads UTF-8. */
static void choose_charset(void)
{
    setlocale(LC_CTYPE, "");
    if (!strcmp(nl_langinfo(CODESET), "ANSI_X3.4-1968"))
        setlocale(LC_CTYPE, "C.UTF-8");
}

static void start_colours(struct ui *ui)
{
    static const short colours[COLOUR_COUNT] = {
        [COLOUR_GOOD] = COLOR_GREEN,
        [COLOUR_WARN] = COLOR_YELLOW,
        [COLOUR_BAD] = COLOR_RED,
        [COLOUR_PERSON] = COLOR_CYAN,
        [COLOUR_PERSON + 1] = COLOR_MAGENTA,
        [COLOUR_PERSON + 2] = COLOR_GREEN,
        [COLOUR_PERSON + 3] = COLOR_BLUE,
        [COLOUR_PERSON + 4] = COLOR_YELLOW,
        [COLOUR_PERSON + 5] = COLOR_RED,
    };
    const char *no = getenv("NO_COLOR");
    if ((no && *no) || !has_colors() || start_color() == ERR)
        return;
    short background = use_default_colors() == OK ? -1 : COLOR_BLACK;
    for (short i = 1; i < COLOUR_COUNT; i++)
        init_pair(i, colours[i], background);
    ui->colours = true;
}

static bool can_move_its_cursor(void)
{
    const char *move_to = tigetstr("cup");
    return move_to && move_to != (const char *)-1;
}

/* curses writes past the FILE's buffer: this may not wait in it. */
static void send_mode(struct ui *ui, const char *mode)
{
    fputs(mode, ui->out);
    fflush(ui->out);
}

enum err ui_start(int in_fd, int out_fd, struct ui **out, struct err_info *why)
{
    if (!isatty(in_fd) || !isatty(out_fd))
        return err_set(why, ERR_INPUT, "not a terminal: use --plain");
    struct ui *ui = calloc(1, sizeof *ui);
    int in_dup = ui ? dup(in_fd) : -1, out_dup = ui ? dup(out_fd) : -1;
    if (ui && in_dup >= 0)
        ui->in = fdopen(in_dup, "r");
    if (ui && out_dup >= 0)
        ui->out = fdopen(out_dup, "w");
    if (!ui || !ui->in || !ui->out) {
        ui_stop(ui);
        return err_set(why, ERR_NOMEM, "out of memory or open files");
    }
    choose_charset();
    const char *term = getenv("TERM");
    int known = 0;
    if (setupterm(NULL, fileno(ui->out), &known) == OK && can_move_its_cursor())
        ui->screen = newterm(NULL, ui->out, ui->in);
    if (!ui->screen) {
        ui_stop(ui);
        return err_set(why, ERR_INPUT,
                       "the terminal type \"%s\" is not known here, or cannot show a full screen: "
                       "set TERM, or use --plain",
                       term ? term : "");
    }
    set_term(ui->screen);
    raw();
    noecho();
    nonl();
    typeahead(-1);
    idlok(stdscr, TRUE);
    start_colours(ui);
    send_mode(ui, paste_on); /* whoever can move the cursor knows the mode, or ignores it */
    ui->all = true;
    *out = ui;
    return ERR_OK;
}

void ui_stop(struct ui *ui)
{
    if (!ui)
        return;
    if (ui->screen) {
        set_term(ui->screen);
        send_mode(ui, paste_off);
        endwin();
        delscreen(ui->screen);
    }
    if (ui->in)
        fclose(ui->in);
    if (ui->out)
        fclose(ui->out);
    grid_fini(&ui->shown);
    free(ui);
}

void ui_size(struct ui *ui, uint16_t *rows, uint16_t *cols)
{
    struct winsize size;
    *rows = 24;
    *cols = 80;
    if (!ioctl(fileno(ui->out), TIOCGWINSZ, &size) && size.ws_row && size.ws_col) {
        *rows = size.ws_row;
        *cols = size.ws_col;
    }
    if (*rows > 1000)
        *rows = 1000;
    if (*cols > 1000)
        *cols = 1000;
    if (LINES != *rows || COLS != *cols)
        resizeterm(*rows, *cols);
    ui->all = true;
}

void ui_redraw(struct ui *ui)
{
    ui->all = true;
    clearok(stdscr, TRUE);
}

static attr_t attrs_of(const struct ui *ui, const struct cell *c)
{
    attr_t a = A_NORMAL;
    a |= c->attrs & CELL_BOLD ? A_BOLD : 0;
    a |= c->attrs & (CELL_DIM | CELL_STRIKE) ? A_DIM : 0;
    a |= c->attrs & CELL_UNDERLINE ? A_UNDERLINE : 0;
    a |= c->attrs & CELL_REVERSE ? A_REVERSE : 0;
    return ui->colours && c->colour ? a | (attr_t)COLOR_PAIR(c->colour) : a;
}

/* The cell's characters, or blanks and a "?" where this system's wcwidth sees another width than
 * ours: the columns behind must stay where they are. */
static void add_cell(const struct cell *c)
{
    wchar_t w[CELL_BYTES + 1];
    size_t n = 0;
    int width = 0;
    const uint8_t *p = (const uint8_t *)c->text, *end = p + strlen(c->text);
    for (size_t step; p < end; p += step) {
        uint32_t cp;
        step = utf8_decode(p, end, &cp);
        if (!step)
            break;
        int one = wcwidth((wchar_t)cp);
        width = one < 0 || width < 0 ? -1 : width + one;
        w[n++] = (wchar_t)cp;
    }
    if (width != c->width) {
        n = 0;
        w[n++] = L'?';
        while (n < c->width)
            w[n++] = L' ';
    }
    addnwstr(w, (int)n);
}

static bool same_cell(const struct cell *a, const struct cell *b)
{
    return a->width == b->width && a->attrs == b->attrs && a->colour == b->colour &&
           !strcmp(a->text, b->text);
}

void ui_show(struct ui *ui, const struct grid *g)
{
    set_term(ui->screen);
    if (ui->shown.rows != g->rows || ui->shown.cols != g->cols) {
        if (!grid_size(&ui->shown, g->rows, g->cols))
            return;
        ui->all = true;
    }
    if (ui->all)
        erase();
    for (uint16_t row = 0; row < g->rows; row++)
        for (uint16_t col = 0; col < g->cols; col++) {
            const struct cell *c = grid_at(g, row, col);
            struct cell *was = grid_at(&ui->shown, row, col);
            if (c->width && (ui->all || !same_cell(c, was)) && move(row, col) == OK) {
                attrset((int)attrs_of(ui, c));
                add_cell(c);
            }
            *was = *c;
        }
    ui->all = false;
    if (g->cursor_shown)
        move(g->cursor_row, g->cursor_col);
    curs_set(g->cursor_shown);
    refresh();
}
