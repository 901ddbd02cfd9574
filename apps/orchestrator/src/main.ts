console.log('zkfl 0.1.0');
