package account

import (
	"context"
	"time"

	"rollcall/credential"
	"rollcall/models"
)

// How often things may be guessed at wrongly before each further guess waits. A
// whole company may sit behind one address. Ninety-six guesses a day at one account
// are what nobody has a chance with. Mails can be asked for by anybody: the third to
// one address within a day waits.
func passwordGuess(emailKey string) credential.Guess {
	return credential.Guess{What: "password", Whom: emailKey, Free: 5, Longest: 15 * time.Minute}
}

func factorGuess(user models.ID) credential.Guess {
	return credential.Guess{What: "factor", Whom: string(user), Free: 5, Longest: 15 * time.Minute}
}

func resetGuess(emailKey string) credential.Guess {
	return credential.Guess{What: "reset", Whom: emailKey, Free: 3, Longest: 8 * time.Hour}
}

// from is a guess from the client's address, whatever it is at.
func from(ctx context.Context) credential.Guess {
	return credential.FromHere(ctx, "own login", 50, time.Minute)
}
