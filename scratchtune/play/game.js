// The game.
play.game = host => { host.append(play.element("h1", {"data-text": "game.title"})); };
